// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// The DAG-CBOR codec, strict both ways: every value has one encoding, and no other is read.
///
/// Numbers and lengths are shortest, lengths definite, floats 64 bits wide and finite, map keys
/// text, unique and sorted by length and then by bytes, and tag 42 over a CID is the only tag.
/// Spec: <https://ipld.io/specs/codecs/dag-cbor/spec/>.
public enum DAGCBOR {
    /// How deep lists and maps may be nested by default.
    ///
    /// A guess: other codecs take between 32 and 1,024; this fits the smallest stacks of threads.
    public static let defaultMaximumDepth = 256

    /// Encodes a value.
    ///
    /// - Throws: `DAGCBORError.integerRange`, `.unwritableFloat`.
    /// - Complexity: O(byte count + n log n) for maps of n entries.
    public static func encode(_ value: IPLDValue) throws(DAGCBORError) -> [UInt8] {
        var output: [UInt8] = []
        try append(value, to: &output)
        return output
    }

    private static func append(
        _ value: IPLDValue, to output: inout [UInt8]
    ) throws(DAGCBORError) {
        switch value {
        case .null: output.append(0xf6)
        case .bool(let value): output.append(value ? 0xf5 : 0xf4)
        case .integer(let value): try append(value, to: &output)
        case .float(let value):
            guard value.isFinite else { throw .unwritableFloat }
            CBORHead.append(0xfb, value.bitPattern, byteCount: 8, to: &output)
        case .string(let value): append(value, to: &output)
        case .bytes(let value):
            CBORHead.append(.bytes, UInt64(value.count), to: &output)
            output.append(contentsOf: value)
        case .list(let values):
            CBORHead.append(.array, UInt64(values.count), to: &output)
            for value in values { try append(value, to: &output) }
        case .map(let map):
            CBORHead.append(.map, UInt64(map.count), to: &output)
            // The map is sorted by bytes already and sorting is stable, so lengths decide.
            for entry in map.entries.sorted(by: { $0.key.utf8.count < $1.key.utf8.count }) {
                append(entry.key, to: &output)
                try append(entry.value, to: &output)
            }
        case .link(let cid):
            CBORHead.append(.tag, 42, to: &output)
            CBORHead.append(.bytes, UInt64(cid.bytes.count + 1), to: &output)
            output.append(0)
            output.append(contentsOf: cid.bytes)
        }
    }

    private static func append(_ text: String, to output: inout [UInt8]) {
        CBORHead.append(.text, UInt64(text.utf8.count), to: &output)
        output.append(contentsOf: text.utf8)
    }

    private static func append(
        _ integer: Int128, to output: inout [UInt8]
    ) throws(DAGCBORError) {
        // A negative number n is written as -1 - n, which is ~n.
        let magnitude = integer < 0 ? ~integer : integer
        guard let magnitude = UInt64(exactly: magnitude) else { throw .integerRange(integer) }
        CBORHead.append(integer < 0 ? .negative : .unsigned, magnitude, to: &output)
    }
}
