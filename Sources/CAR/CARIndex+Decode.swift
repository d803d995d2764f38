// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats

extension CARIndex {
    /// Decodes an index that fills `bytes`.
    ///
    /// Counts and lengths are checked against the bytes at hand before memory is taken.
    ///
    /// - Throws: ``CARIndexError``.
    /// - Complexity: O(byte count); one allocation per group.
    public init(decoding bytes: Span<UInt8>) throws(CARIndexError) {
        var cursor = 0
        let code: UInt64
        do { code = try Varint.read(from: bytes, at: &cursor) } catch { throw .varint(error) }
        guard let form = Form(rawValue: code) else {
            throw .unknownForm(Multicodec(rawValue: code))
        }
        var groups: [Group] = []
        switch form {
        case .indexSorted:
            try Self.readGroups(of: nil, in: bytes, at: &cursor, into: &groups)
        case .multihashIndexSorted:
            // A code and an empty list of groups take twelve bytes.
            let count = try Self.readCount(in: bytes, at: &cursor, leastByteCount: 12)
            for _ in 0..<count {
                guard bytes.count - cursor >= 8 else { throw .truncated(offset: cursor) }
                let code = LittleEndian.uint64(in: bytes, at: cursor)
                cursor += 8
                try Self.readGroups(
                    of: Multicodec(rawValue: code), in: bytes, at: &cursor, into: &groups)
            }
        }
        guard cursor == bytes.count else { throw .trailingBytes(offset: cursor) }
        self.init(form: form, groups: groups)
    }

    private static func readGroups(
        of code: Multicodec?, in bytes: Span<UInt8>, at cursor: inout Int,
        into groups: inout [Group]
    ) throws(CARIndexError) {
        // A width and a length take twelve bytes.
        let count = try readCount(in: bytes, at: &cursor, leastByteCount: 12)
        for _ in 0..<count {
            guard bytes.count - cursor >= 12 else { throw .truncated(offset: cursor) }
            let width = LittleEndian.uint32(in: bytes, at: cursor)
            guard (8...UInt32(maximumWidth)).contains(width) else {
                throw .width(offset: cursor, width)
            }
            let length = LittleEndian.uint64(in: bytes, at: cursor + 4)
            let start = cursor + 12
            guard length <= UInt64(bytes.count - start), length % UInt64(width) == 0 else {
                throw .groupByteCount(offset: cursor + 4, length)
            }
            cursor = start + Int(length)
            let group = Group(
                code: code, width: Int(width), records: bytes.copied(start..<cursor))
            if let index = group.firstOutOfOrder {
                throw .order(offset: start + index * Int(width))
            }
            groups.append(group)
        }
    }

    /// The widest entry, in bytes; go-car's limit.
    private static let maximumWidth = 32 << 20

    private static func readCount(
        in bytes: Span<UInt8>, at cursor: inout Int, leastByteCount: Int
    ) throws(CARIndexError) -> Int {
        guard bytes.count - cursor >= 4 else { throw .truncated(offset: cursor) }
        let count = Int32(bitPattern: LittleEndian.uint32(in: bytes, at: cursor))
        guard count >= 0, Int(count) <= (bytes.count - cursor - 4) / leastByteCount else {
            throw .groupCount(offset: cursor, count)
        }
        cursor += 4
        return Int(count)
    }
}
