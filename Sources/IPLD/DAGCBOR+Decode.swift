// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension DAGCBOR {
    /// Decodes a value that fills `bytes`.
    ///
    /// Lengths are checked against the bytes at hand before memory is taken; a decoded value may
    /// take about 32 times the memory of its encoding, if that is all small numbers.
    ///
    /// - Throws: ``DAGCBORError`` with the byte offset.
    /// - Complexity: O(byte count + n log n) for maps of n entries.
    public static func decode(
        _ bytes: Span<UInt8>, maximumDepth: Int = defaultMaximumDepth
    ) throws(DAGCBORError) -> IPLDValue {
        var cursor = 0
        let value = try decode(bytes, at: &cursor, depth: maximumDepth)
        guard cursor == bytes.count else { throw .trailingBytes(offset: cursor) }
        return value
    }

    /// Decodes the item at `cursor`; `depth` more levels may follow.
    private static func decode(
        _ bytes: Span<UInt8>, at cursor: inout Int, depth: Int
    ) throws(DAGCBORError) -> IPLDValue {
        let start = cursor
        let head = try CBORHead.read(from: bytes, at: &cursor)
        switch head.type {
        case .unsigned: return .integer(Int128(head.value))
        case .negative: return .integer(-1 - Int128(head.value))
        case .bytes: return .bytes(bytes.copied(try content(head, of: bytes, at: &cursor)))
        case .text: return .string(try text(head, of: bytes, at: &cursor))
        case .array:
            guard depth > 0 else { throw .tooDeep(offset: start) }
            // Every item takes at least one byte.
            guard head.value <= UInt64(bytes.count - cursor) else {
                throw .truncated(offset: start)
            }
            var values: [IPLDValue] = []
            values.reserveCapacity(Int(head.value))
            for _ in 0..<head.value {
                values.append(try decode(bytes, at: &cursor, depth: depth - 1))
            }
            return .list(values)
        case .map:
            guard depth > 0 else { throw .tooDeep(offset: start) }
            // Every entry takes at least two bytes.
            guard head.value <= UInt64((bytes.count - cursor) / 2) else {
                throw .truncated(offset: start)
            }
            return .map(
                try map(of: Int(head.value), in: bytes, at: &cursor, depth: depth - 1))
        case .tag: return .link(try link(head, of: bytes, at: &cursor, start: start))
        case .simple: return try simple(head, start: start)
        }
    }

    private static func map(
        of count: Int, in bytes: Span<UInt8>, at cursor: inout Int, depth: Int
    ) throws(DAGCBORError) -> IPLDMap {
        var entries: [IPLDMap.Entry] = []
        entries.reserveCapacity(count)
        var previous = 0..<0
        for index in 0..<count {
            let start = cursor
            let head = try CBORHead.read(from: bytes, at: &cursor)
            guard head.type == .text else { throw .keyKind(offset: start) }
            let keyStart = cursor
            let key = try text(head, of: bytes, at: &cursor)
            let range = keyStart..<cursor
            if index > 0 {
                switch order(previous, range, in: bytes) {
                case ..<0: break
                case 0: throw .repeatedKey(offset: start)
                default: throw .keyOrder(offset: start)
                }
            }
            previous = range
            let value = try decode(bytes, at: &cursor, depth: depth)
            entries.append(IPLDMap.Entry(key: key, value: value))
        }
        guard let map = IPLDMap(unique: entries) else {
            preconditionFailure("keys in strict order cannot repeat")
        }
        return map
    }

    /// Below zero if the key in `left` sorts first, zero if the keys are the same.
    private static func order(
        _ left: Range<Int>, _ right: Range<Int>, in bytes: Span<UInt8>
    ) -> Int {
        if left.count != right.count { return left.count - right.count }
        for index in 0..<left.count {
            let difference =
                Int(bytes[left.lowerBound + index]) - Int(bytes[right.lowerBound + index])
            if difference != 0 { return difference }
        }
        return 0
    }

    private static func simple(
        _ head: CBORHead, start: Int
    ) throws(DAGCBORError) -> IPLDValue {
        switch head.form {
        case 20: return .bool(false)
        case 21: return .bool(true)
        case 22: return .null
        case 25, 26: throw .floatWidth(offset: start)
        case 27:
            let value = Double(bitPattern: head.value)
            guard value.isFinite else { throw .floatNotFinite(offset: start) }
            return .float(value)
        default: throw .simpleValue(offset: start)
        }
    }

    private static func link(
        _ tag: CBORHead, of bytes: Span<UInt8>, at cursor: inout Int, start: Int
    ) throws(DAGCBORError) -> CID {
        guard tag.value == 42 else { throw .tag(offset: start, tag.value) }
        let head = try CBORHead.read(from: bytes, at: &cursor)
        guard head.type == .bytes else { throw .linkForm(offset: start) }
        let range = try content(head, of: bytes, at: &cursor)
        guard !range.isEmpty, bytes[range.lowerBound] == 0 else {
            throw .linkForm(offset: start)
        }
        do { return try CID(bytes.copied(range.dropFirst())) } catch {
            throw .link(offset: start, error)
        }
    }

    private static func text(
        _ head: CBORHead, of bytes: Span<UInt8>, at cursor: inout Int
    ) throws(DAGCBORError) -> String {
        let range = try content(head, of: bytes, at: &cursor)
        do {
            return String(copying: try UTF8Span(validating: bytes.extracting(range)))
        } catch {
            throw .invalidUTF8(offset: range.lowerBound)
        }
    }

    private static func content(
        _ head: CBORHead, of bytes: Span<UInt8>, at cursor: inout Int
    ) throws(DAGCBORError) -> Range<Int> {
        guard head.value <= UInt64(bytes.count - cursor) else {
            throw .truncated(offset: cursor)
        }
        let start = cursor
        cursor += Int(head.value)
        return start..<cursor
    }
}
