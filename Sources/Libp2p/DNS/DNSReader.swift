// SPDX-License-Identifier: Apache-2.0

/// Reads the parts of a DNS message, from its start (RFC 1035, section 4.1).
///
/// What multicast DNS and look-ups of `dnsaddr` have in common.
package struct DNSReader: Sendable {
    private let bytes: [UInt8]
    /// How much has been read, in bytes.
    package private(set) var offset = 0

    /// Reads `bytes`.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// How much is left, in bytes.
    package var remainingByteCount: Int { bytes.count - offset }

    /// Reads `count` bytes.
    ///
    /// - Throws: ``DNSMessageError`` with `truncated`.
    package mutating func take(_ count: Int) throws(DNSMessageError) -> ArraySlice<UInt8> {
        guard remainingByteCount >= count else { throw .truncated(offset: offset) }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// Reads a number of 16 bits.
    ///
    /// - Throws: ``DNSMessageError`` with `truncated`.
    package mutating func word() throws(DNSMessageError) -> UInt16 {
        try take(2).reduce(0) { $0 << 8 | UInt16($1) }
    }

    /// Reads a name, through pointers to names before it.
    ///
    /// - Throws: ``DNSMessageError`` with `truncated` or `name`.
    /// - Complexity: O(bytes of the name × depth of pointers), which is at most 128.
    package mutating func name() throws(DNSMessageError) -> DNSName {
        let start = offset
        var labels: [[UInt8]] = []
        var byteCount = 1
        var position = offset
        // A pointer must lead to before all that was read of the name so far, so it cannot circle.
        var lowest = offset
        var end: Int?
        while true {
            guard position < bytes.count else { throw .truncated(offset: start) }
            let length = Int(bytes[position])
            if length == 0 { break }
            if length & 0xc0 == 0xc0 {
                guard position + 1 < bytes.count else { throw .truncated(offset: start) }
                let target = (length & 0x3f) << 8 | Int(bytes[position + 1])
                guard target < lowest else { throw .name(offset: start) }
                end = end ?? position + 2
                lowest = target
                position = target
                continue
            }
            guard length <= DNSName.maximumLabelByteCount else { throw .name(offset: start) }
            guard position + 1 + length <= bytes.count else { throw .truncated(offset: start) }
            byteCount += length + 1
            guard byteCount <= DNSName.maximumByteCount else { throw .name(offset: start) }
            labels.append(Array(bytes[position + 1..<position + 1 + length]))
            position += length + 1
        }
        offset = end ?? position + 1
        guard let name = DNSName(labels: labels) else { throw .name(offset: start) }
        return name
    }
}

/// Why bytes are no DNS message; offsets are in bytes.
package enum DNSMessageError: Error, Hashable, Sendable {
    /// It ends in the middle.
    case truncated(offset: Int)
    /// A name is too long, or points to itself.
    case name(offset: Int)
    /// More entries than are taken.
    case tooMany(Int)
    /// Longer than a message may be.
    case tooLong(byteCount: Int)
    /// The content of a record does not fit its type or length.
    case content(offset: Int)
}
