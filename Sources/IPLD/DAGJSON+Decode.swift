// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension DAGJSON {
    /// Decodes a value that fills `bytes`.
    ///
    /// Lenient about the order of keys, space and unneeded escapes; a key that occurs twice, and
    /// maps that look like a link or like bytes but are not, are refused. Numbers without a point
    /// and an exponent are integers, all others floats.
    ///
    /// - Throws: ``DAGJSONError`` with the byte offset.
    /// - Complexity: O(byte count + n log n) for maps of n entries.
    public static func decode(
        _ bytes: Span<UInt8>, maximumDepth: Int = defaultMaximumDepth
    ) throws(DAGJSONError) -> IPLDValue {
        var cursor = 0
        skipSpace(in: bytes, at: &cursor)
        let value = try decode(bytes, at: &cursor, depth: maximumDepth)
        skipSpace(in: bytes, at: &cursor)
        guard cursor == bytes.count else { throw .trailingBytes(offset: cursor) }
        return value
    }

    /// Decodes the value at `cursor`; `depth` more levels may follow.
    private static func decode(
        _ bytes: Span<UInt8>, at cursor: inout Int, depth: Int
    ) throws(DAGJSONError) -> IPLDValue {
        guard cursor < bytes.count else { throw .truncated(offset: cursor) }
        switch bytes[cursor] {
        case UInt8(ascii: "{"): return try map(in: bytes, at: &cursor, depth: depth)
        case UInt8(ascii: "["):
            guard depth > 0 else { throw .tooDeep(offset: cursor) }
            return .list(try list(in: bytes, at: &cursor, depth: depth - 1))
        case UInt8(ascii: "\""):
            return .string(try DAGJSONText.read(from: bytes, at: &cursor))
        case UInt8(ascii: "n"):
            try skip("null", in: bytes, at: &cursor)
            return .null
        case UInt8(ascii: "t"):
            try skip("true", in: bytes, at: &cursor)
            return .bool(true)
        case UInt8(ascii: "f"):
            try skip("false", in: bytes, at: &cursor)
            return .bool(false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try DAGJSONNumber.read(from: bytes, at: &cursor)
        default: throw .unexpected(offset: cursor, bytes[cursor])
        }
    }

    private static func list(
        in bytes: Span<UInt8>, at cursor: inout Int, depth: Int
    ) throws(DAGJSONError) -> [IPLDValue] {
        cursor += 1
        var values: [IPLDValue] = []
        skipSpace(in: bytes, at: &cursor)
        if take("]", in: bytes, at: &cursor) { return values }
        while true {
            skipSpace(in: bytes, at: &cursor)
            values.append(try decode(bytes, at: &cursor, depth: depth))
            skipSpace(in: bytes, at: &cursor)
            if take("]", in: bytes, at: &cursor) { return values }
            try skip(",", in: bytes, at: &cursor)
        }
    }

    private static func map(
        in bytes: Span<UInt8>, at cursor: inout Int, depth: Int
    ) throws(DAGJSONError) -> IPLDValue {
        let start = cursor
        // Links and bytes are one or two maps in the text but none in the value, so that two more
        // levels are read; what turns out to be a map in the value must keep to the limit.
        guard depth > -2 else { throw .tooDeep(offset: start) }
        let map = try entries(in: bytes, at: &cursor, depth: depth - 1)
        switch reservedForm(of: map) {
        case .none:
            guard depth > 0 || isBody(map) else { throw .tooDeep(offset: start) }
            return .map(map)
        case .invalid: throw .reserved(offset: start)
        case .link(let text):
            do { return .link(try CID(text: text)) } catch { throw .link(offset: start) }
        case .bytes(let text):
            do { return .bytes(try MultibaseEncoding.base64.decode(text)) } catch {
                throw .base64(offset: start)
            }
        }
    }

    /// Whether the map may be the inner one of bytes, which only the outer one can tell.
    private static func isBody(_ map: IPLDMap) -> Bool {
        guard map.count == 1, case .string = map["bytes"] else { return false }
        return true
    }

    private static func entries(
        in bytes: Span<UInt8>, at cursor: inout Int, depth: Int
    ) throws(DAGJSONError) -> IPLDMap {
        cursor += 1
        var entries: [IPLDMap.Entry] = []
        var offsets: [Int] = []
        skipSpace(in: bytes, at: &cursor)
        if take("}", in: bytes, at: &cursor) { return IPLDMap() }
        repeat {
            skipSpace(in: bytes, at: &cursor)
            offsets.append(cursor)
            guard cursor < bytes.count else { throw .truncated(offset: cursor) }
            guard bytes[cursor] == UInt8(ascii: "\"") else {
                throw .unexpected(offset: cursor, bytes[cursor])
            }
            let key = try DAGJSONText.read(from: bytes, at: &cursor)
            skipSpace(in: bytes, at: &cursor)
            try skip(":", in: bytes, at: &cursor)
            skipSpace(in: bytes, at: &cursor)
            let value = try decode(bytes, at: &cursor, depth: depth)
            entries.append(IPLDMap.Entry(key: key, value: value))
            skipSpace(in: bytes, at: &cursor)
        } while take(",", in: bytes, at: &cursor)
        try skip("}", in: bytes, at: &cursor)
        guard let map = IPLDMap(unique: entries) else {
            throw .repeatedKey(offset: firstRepeat(of: entries.map(\.key), at: offsets))
        }
        return map
    }

    /// Where the first key is that occurred before; there is one.
    private static func firstRepeat(of keys: [String], at offsets: [Int]) -> Int {
        var seen: Set<[UInt8]> = []
        for (key, offset) in zip(keys, offsets) where !seen.insert(Array(key.utf8)).inserted {
            return offset
        }
        preconditionFailure("no key is repeated")
    }

    private static func skipSpace(in bytes: Span<UInt8>, at cursor: inout Int) {
        while cursor < bytes.count {
            switch bytes[cursor] {
            case 0x20, 0x09, 0x0a, 0x0d: cursor += 1
            default: return
            }
        }
    }

    /// Moves past one ASCII character if it is there.
    private static func take(
        _ character: Unicode.Scalar, in bytes: Span<UInt8>, at cursor: inout Int
    ) -> Bool {
        guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: character) else { return false }
        cursor += 1
        return true
    }

    /// Moves past ASCII text that must be there.
    private static func skip(
        _ text: StaticString, in bytes: Span<UInt8>, at cursor: inout Int
    ) throws(DAGJSONError) {
        for byte in text.description.utf8 {
            guard cursor < bytes.count else { throw .truncated(offset: cursor) }
            guard bytes[cursor] == byte else {
                throw .unexpected(offset: cursor, bytes[cursor])
            }
            cursor += 1
        }
    }
}
