// SPDX-License-Identifier: Apache-2.0

extension DNSMessage {
    /// The largest packet of multicast DNS (RFC 6762, section 17).
    static let maximumByteCount = 9_000
    /// The most questions and records that are read.
    static let maximumEntryCount = 512

    /// Decodes a packet; what follows the message is ignored.
    ///
    /// - Throws: ``DNSMessageError``.
    /// - Complexity: O(length × depth of pointers), which is at most 128 per name.
    init(_ bytes: [UInt8]) throws(DNSMessageError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw .tooLong(byteCount: bytes.count)
        }
        var reader = DNSReader(bytes)
        let id = try reader.word()
        let flags = try reader.word()
        self.init(id: id, isResponse: flags & 0x8000 != 0)
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(Int(try reader.word())) }
        let total = counts.reduce(0, +)
        guard total <= Self.maximumEntryCount else { throw .tooMany(total) }
        for _ in 0..<counts[0] {
            let name = try reader.name()
            let type = try reader.word()
            let unicast = try reader.word() & 0x8000 != 0
            questions.append(Question(name: name, type: type, wantsUnicast: unicast))
        }
        for _ in 0..<counts[1] { answers.append(try reader.record()) }
        // Authorities say what a prober wants to own; nothing here needs them.
        for _ in 0..<counts[2] { _ = try reader.record() }
        for _ in 0..<counts[3] { additionals.append(try reader.record()) }
    }
}

/// Reads the parts of a message.
private struct DNSReader {
    private let bytes: [UInt8]
    private var cursor = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func take(_ count: Int) throws(DNSMessageError) -> ArraySlice<UInt8> {
        guard bytes.count - cursor >= count else { throw .truncated(offset: cursor) }
        defer { cursor += count }
        return bytes[cursor..<cursor + count]
    }

    mutating func word() throws(DNSMessageError) -> UInt16 {
        try take(2).reduce(0) { $0 << 8 | UInt16($1) }
    }

    /// Reads a name, through pointers to names before it.
    mutating func name() throws(DNSMessageError) -> DNSName {
        let start = cursor
        var labels: [[UInt8]] = []
        var byteCount = 1
        var position = cursor
        // A pointer must lead to before all that was read of the name so far, so it cannot circle.
        var lowest = cursor
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
        cursor = end ?? position + 1
        guard let name = DNSName(labels: labels) else { throw .name(offset: start) }
        return name
    }

    mutating func record() throws(DNSMessageError) -> DNSMessage.Record {
        let name = try name()
        let type = try word()
        let isUnique = try word() & 0x8000 != 0
        let lifetime = UInt32(try word()) << 16 | UInt32(try word())
        let length = Int(try word())
        let start = cursor
        guard bytes.count - start >= length else { throw .truncated(offset: start) }
        let content = try content(type, length)
        // A name may be short of the length that is declared, never go beyond it.
        guard cursor <= start + length else { throw .content(offset: start) }
        cursor = start + length
        return DNSMessage.Record(
            name: name, lifetime: lifetime, content: content, isUnique: isUnique)
    }

    private mutating func content(
        _ type: UInt16, _ length: Int
    ) throws(DNSMessageError) -> DNSMessage.Record.Content {
        let start = cursor
        switch (type, length) {
        case (DNSMessage.RecordType.ptr, _): return .pointer(try name())
        case (DNSMessage.RecordType.txt, _):
            var strings: [[UInt8]] = []
            while cursor < start + length {
                let count = Int(try take(1).reduce(0) { $0 + UInt16($1) })
                guard cursor + count <= start + length else { throw .content(offset: start) }
                strings.append(Array(try take(count)))
            }
            return .text(strings)
        case (DNSMessage.RecordType.srv, 7...):
            let (priority, weight, port) = (try word(), try word(), try word())
            return .service(priority: priority, weight: weight, port: port, host: try name())
        case (DNSMessage.RecordType.a, 4), (DNSMessage.RecordType.aaaa, 16):
            return .address(Array(try take(length)))
        case (DNSMessage.RecordType.srv, _), (DNSMessage.RecordType.a, _),
            (DNSMessage.RecordType.aaaa, _):
            throw .content(offset: start)
        default: return .other(type: type, Array(try take(length)))
        }
    }
}
