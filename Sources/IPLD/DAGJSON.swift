// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// The DAG-JSON codec: encodes to the one canonical form, decodes any order and spacing.
///
/// Spec: <https://ipld.io/specs/codecs/dag-json/spec/>.
public enum DAGJSON {
    /// How deep lists and maps may be nested by default; see ``DAGCBOR/defaultMaximumDepth``.
    public static let defaultMaximumDepth = DAGCBOR.defaultMaximumDepth

    /// Encodes a value: keys sorted by their bytes, no space.
    ///
    /// - Throws: `DAGJSONError.integerRange`, `.unwritableFloat`, `.unwritableMap`.
    /// - Complexity: O(byte count).
    public static func encode(_ value: IPLDValue) throws(DAGJSONError) -> [UInt8] {
        var output: [UInt8] = []
        try append(value, to: &output)
        return output
    }

    private static func append(
        _ value: IPLDValue, to output: inout [UInt8]
    ) throws(DAGJSONError) {
        switch value {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value):
            guard integers.contains(value) else { throw .integerRange(value) }
            output.append(contentsOf: value.description.utf8)
        case .float(let value):
            guard value.isFinite else { throw .unwritableFloat }
            output.append(contentsOf: DAGJSONFloat.text(of: value))
        case .string(let value): append(text: value, to: &output)
        case .bytes(let value):
            output.append(contentsOf: #"{"/":{"bytes":""#.utf8)
            output.append(contentsOf: MultibaseEncoding.base64.encode(value.span).utf8)
            output.append(contentsOf: #""}}"#.utf8)
        case .list(let values):
            output.append(UInt8(ascii: "["))
            for index in values.indices {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                try append(values[index], to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .map(let map):
            guard reservedForm(of: map) == .none else { throw .unwritableMap }
            output.append(UInt8(ascii: "{"))
            for index in map.entries.indices {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                append(text: map.entries[index].key, to: &output)
                output.append(UInt8(ascii: ":"))
                try append(map.entries[index].value, to: &output)
            }
            output.append(UInt8(ascii: "}"))
        case .link(let cid):
            output.append(contentsOf: #"{"/":""#.utf8)
            output.append(contentsOf: cid.description.utf8)
            output.append(contentsOf: #""}"#.utf8)
        }
    }

    /// What JavaScript's `JSON.stringify` escapes, and nothing else.
    private static func append(text: String, to output: inout [UInt8]) {
        let hexDigits = Array("0123456789abcdef".utf8)
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
            case 0x08: output.append(contentsOf: #"\b"#.utf8)
            case 0x09: output.append(contentsOf: #"\t"#.utf8)
            case 0x0a: output.append(contentsOf: #"\n"#.utf8)
            case 0x0c: output.append(contentsOf: #"\f"#.utf8)
            case 0x0d: output.append(contentsOf: #"\r"#.utf8)
            case ..<0x20:
                output.append(contentsOf: #"\u00"#.utf8)
                output += [hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// The integers that are read and written, those of DAG-CBOR.
    static let integers: ClosedRange<Int128> = -(1 << 64)...(1 << 64 - 1)
}

extension DAGJSON {
    /// How a map lies in the namespace that is reserved for links and bytes.
    enum ReservedForm: Hashable {
        /// It is a map like any other.
        case none
        /// It is a link of this text.
        case link(String)
        /// It is bytes of this base64.
        case bytes(String)
        /// It is neither, and refused.
        case invalid
    }

    /// Decides by the spec's rules on the map's first key, where the specification's "first" is
    /// taken to mean the order of the encoded form, so that what is read can be written again.
    static func reservedForm(of map: IPLDMap) -> ReservedForm {
        guard let first = map.entries.first, first.key == "/" else { return .none }
        switch first.value {
        case .string(let text): return map.count == 1 ? .link(text) : .invalid
        case .map(let inner):
            guard let innerFirst = inner.entries.first, innerFirst.key == "bytes",
                case .string(let text) = innerFirst.value
            else { return .none }
            return map.count == 1 && inner.count == 1 ? .bytes(text) : .invalid
        default: return .none
        }
    }
}
