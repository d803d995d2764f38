// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// Writes the fields of one protobuf message, in the order of the calls.
public struct ProtobufWriter: Sendable {
    /// The message so far.
    public private(set) var bytes: [UInt8]

    /// An empty message, with room for `byteCount` bytes.
    public init(reserving byteCount: Int = 0) {
        bytes = []
        bytes.reserveCapacity(byteCount)
    }

    /// A field of type `uint64`, `uint32`, `bool` or an enumeration.
    ///
    /// A negative `int32` or `int64` is written as its 64 bits.
    public mutating func varint(_ field: Int, _ value: UInt64) {
        tag(field, .varint)
        rawVarint(value)
    }

    /// A field of type `bool`.
    public mutating func bool(_ field: Int, _ value: Bool) { varint(field, value ? 1 : 0) }

    /// A field of type `bytes`.
    public mutating func bytes(_ field: Int, _ value: some Collection<UInt8>) {
        tag(field, .bytes)
        rawVarint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// A field of type `string`.
    public mutating func string(_ field: Int, _ value: String) { bytes(field, value.utf8) }

    /// A field that is a message, whose fields `body` writes.
    ///
    /// - Throws: what `body` throws; the field is not written then.
    /// - Complexity: O(length), which is copied once for each level.
    public mutating func message<E: Error>(
        _ field: Int, _ body: (inout ProtobufWriter) throws(E) -> Void
    ) throws(E) {
        var writer = ProtobufWriter()
        try body(&writer)
        bytes(field, writer.bytes)
    }

    private mutating func tag(_ field: Int, _ type: ProtobufReader.WireType) {
        precondition(1...0x1fff_ffff ~= field, "field number \(field)")
        rawVarint(UInt64(field) << 3 | UInt64(type.rawValue))
    }

    private mutating func rawVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
