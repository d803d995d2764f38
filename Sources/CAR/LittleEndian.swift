// SPDX-License-Identifier: Apache-2.0

/// Fixed-width numbers, lowest byte first, as CARv2 has them.
enum LittleEndian {
    /// Appends all bytes of `value`.
    static func append(_ value: some FixedWidthInteger, to output: inout [UInt8]) {
        var rest = value
        for _ in 0..<(type(of: value).bitWidth / 8) {
            output.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    /// Reads eight bytes, which must be there.
    static func uint64(in bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in (0..<8).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
        return value
    }

    /// Reads four bytes, which must be there.
    static func uint32(in bytes: Span<UInt8>, at offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in (0..<4).reversed() { value = value << 8 | UInt32(bytes[offset + index]) }
        return value
    }
}
