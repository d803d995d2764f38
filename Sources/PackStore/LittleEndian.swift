// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Appends `value`, its lowest byte first.
    mutating func append<Value: FixedWidthInteger & UnsignedInteger>(littleEndian value: Value) {
        for index in 0..<MemoryLayout<Value>.size {
            append(UInt8(truncatingIfNeeded: value >> Value(index * 8)))
        }
    }

    /// The integer at `offset`, its lowest byte first; the caller has checked that it is there.
    func littleEndian<Value: FixedWidthInteger & UnsignedInteger>(
        at offset: Int, as type: Value.Type = Value.self
    ) -> Value {
        var value: Value = 0
        for index in 0..<MemoryLayout<Value>.size {
            value |= Value(self[offset + index]) << Value(index * 8)
        }
        return value
    }
}
