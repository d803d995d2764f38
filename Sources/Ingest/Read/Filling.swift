// SPDX-License-Identifier: Apache-2.0

/// How far the reading of one source has come, over all the slabs that it fills.
struct Filling {
    /// How many bytes to read, or nil to read to the end.
    let limit: Int?
    /// Bytes read so far.
    private(set) var total = 0
    /// Whether nothing more will come.
    private(set) var isAtEnd = false
    /// A byte read ahead, to know whether a full slab is the end.
    private var ahead: UInt8?

    init(limit: Int?) { self.limit = limit }

    /// Fills `slab` from position `filled` on, until it is full or the source ends, and returns the
    /// new position.
    ///
    /// Afterwards ``isAtEnd`` is certain: a file that fills its slab exactly is known to be whole.
    mutating func fill(
        _ slab: UnsafeMutableRawBufferPointer, from filled: Int,
        _ source: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> Int {
        var filled = filled
        if let byte = ahead, filled < slab.count {
            slab[filled] = byte
            filled += 1
            ahead = nil
        }
        while !isAtEnd, filled < slab.count {
            let room = min(slab.count - filled, limit.map { $0 - total } ?? .max)
            let count = try source(
                UnsafeMutableRawBufferPointer(rebasing: slab[filled..<filled + room]))
            filled += count
            total += count
            isAtEnd = count == 0 || total == limit
        }
        if !isAtEnd, limit == nil, ahead == nil { try readAhead(source) }
        return filled
    }

    private mutating func readAhead(
        _ source: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws {
        var byte: UInt8 = 0
        let count = try withUnsafeMutableBytes(of: &byte) { try source($0) }
        if count == 0 {
            isAtEnd = true
        } else {
            total += 1
            ahead = byte
        }
    }
}
