// SPDX-License-Identifier: Apache-2.0

/// Cuts the bytes of a control connection into lines, and into the raw bytes that may follow one.
///
/// Holds at most one line, or one stretch of raw bytes, and what came with it.
struct ControlFramer {
    /// Why the other side is no longer listened to.
    enum Failure: Error, Hashable, Sendable {
        /// A line is longer than the limit.
        case lineTooLong(limit: Int)
    }

    private let lineLimit: Int
    private var bytes: [UInt8] = []
    /// Bytes before it were taken.
    private var start = 0
    /// Bytes before it hold no line feed.
    private var scanned = 0

    /// Lines of up to `lineLimit` bytes.
    init(lineLimit: Int) { self.lineLimit = lineLimit }

    /// Bytes that wait.
    var byteCount: Int { bytes.count - start }

    /// Adds what arrived.
    mutating func append(_ more: some Sequence<UInt8>) {
        if start > 0, start == bytes.count || start > 64 << 10 {
            bytes.removeSubrange(..<start)
            scanned -= start
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next line without its end; nil until it is there.
    ///
    /// - Throws: ``Failure``.
    mutating func nextLine() throws(Failure) -> ArraySlice<UInt8>? {
        guard let end = bytes[scanned...].firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = bytes.count
            guard bytes.count - start <= lineLimit else { throw .lineTooLong(limit: lineLimit) }
            return nil
        }
        guard end - start <= lineLimit else { throw .lineTooLong(limit: lineLimit) }
        let line = bytes[start..<end]
        start = end + 1
        scanned = start
        return line
    }

    /// The next `count` bytes; nil until they are there.
    mutating func nextBytes(_ count: Int) -> [UInt8]? {
        guard byteCount >= count else { return nil }
        let result = Array(bytes[start..<start + count])
        start += count
        scanned = start
        return result
    }
}
