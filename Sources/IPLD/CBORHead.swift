// SPDX-License-Identifier: Apache-2.0

/// The head of a CBOR item: its major type and the number that goes with it.
///
/// Spec: RFC 8949, section 3. Only definite lengths in their shortest form exist here.
package struct CBORHead: Hashable, Sendable {
    /// The kinds of items.
    package enum MajorType: UInt8, Sendable {
        case unsigned = 0
        case negative = 1
        case bytes = 2
        case text = 3
        case array = 4
        case map = 5
        case tag = 6
        case simple = 7
    }

    /// The kind of the item.
    package let type: MajorType
    /// The integer, length, count, tag or simple value; for a float its bits.
    package let value: UInt64
    /// The low five bits of the first byte, which tell the floats apart.
    package let form: UInt8

    /// Appends the shortest head of `type` and `value` to `output`.
    package static func append(_ type: MajorType, _ value: UInt64, to output: inout [UInt8]) {
        let major = type.rawValue << 5
        switch value {
        case ..<24: output.append(major | UInt8(value))
        case ..<0x100: append(major | 24, value, byteCount: 1, to: &output)
        case ..<0x1_0000: append(major | 25, value, byteCount: 2, to: &output)
        case ..<0x1_0000_0000: append(major | 26, value, byteCount: 4, to: &output)
        default: append(major | 27, value, byteCount: 8, to: &output)
        }
    }

    /// Appends `first` and the low `byteCount` bytes of `value`, highest byte first.
    static func append(
        _ first: UInt8, _ value: UInt64, byteCount: Int, to output: inout [UInt8]
    ) {
        output.append(first)
        for index in (0..<byteCount).reversed() {
            output.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
        }
    }

    /// Reads the head at `cursor`, which moves past it only on success.
    ///
    /// - Throws: `DAGCBORError.truncated`, `.notShortest`, `.lengthForm`.
    /// - Complexity: O(1); does not allocate.
    package static func read(
        from bytes: Span<UInt8>, at cursor: inout Int
    ) throws(DAGCBORError) -> CBORHead {
        let start = cursor
        guard start < bytes.count, let type = MajorType(rawValue: bytes[start] >> 5) else {
            throw .truncated(offset: start)
        }
        let form = bytes[start] & 0x1f
        guard form >= 24 else {
            cursor = start + 1
            return CBORHead(type: type, value: UInt64(form), form: form)
        }
        guard form <= 27 else { throw .lengthForm(offset: start) }
        let byteCount = 1 << Int(form - 24)
        guard bytes.count - start > byteCount else { throw .truncated(offset: start) }
        var value: UInt64 = 0
        for index in start + 1...start + byteCount { value = value << 8 | UInt64(bytes[index]) }
        if type != .simple {
            // One byte holds numbers from 24 on, each longer form those the one before cannot.
            let least: UInt64 = byteCount == 1 ? 24 : 1 << UInt64(4 * byteCount)
            guard value >= least else { throw .notShortest(offset: start) }
        }
        cursor = start + 1 + byteCount
        return CBORHead(type: type, value: value, form: form)
    }
}
