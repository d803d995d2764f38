// SPDX-License-Identifier: Apache-2.0

/// The header of a CARv2, which follows the pragma.
///
/// Spec: <https://ipld.io/specs/transport/car/carv2/#header>.
public struct CARv2Header: Hashable, Sendable {
    /// The bytes that every CARv2 starts with: a CARv1 header of version 2 without roots.
    public static let pragma: [UInt8] = [
        0x0a, 0xa1, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0x02,
    ]
    /// Byte count of the header, without the pragma.
    public static let byteCount = 40
    /// Where the data starts when nothing pads it: behind pragma and header.
    public static let minimumDataOffset = 51
    /// What is written in place of the header until it is known; every reader refuses it.
    public static let placeholder = [UInt8](repeating: 0, count: byteCount)

    /// Whether the index covers every section, those with identity CIDs included.
    public var isFullyIndexed: Bool
    /// Where the CARv1 starts, from the start of the file, in bytes.
    public var dataOffset: UInt64
    /// Byte count of the CARv1.
    public var dataByteCount: UInt64
    /// Where the index starts, from the start of the file; nil if there is none.
    public var indexOffset: UInt64?

    /// Makes a header; without an offset the data follows the header at once.
    public init(
        dataOffset: UInt64 = UInt64(minimumDataOffset), dataByteCount: UInt64,
        indexOffset: UInt64?, isFullyIndexed: Bool = false
    ) {
        self.isFullyIndexed = isFullyIndexed
        self.dataOffset = dataOffset
        self.dataByteCount = dataByteCount
        self.indexOffset = indexOffset
    }

    /// The 40 bytes that follow the pragma.
    public func encode() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(Self.byteCount)
        output.append(isFullyIndexed ? 0x80 : 0)
        output.append(contentsOf: repeatElement(0, count: 15))
        for field in [dataOffset, dataByteCount, indexOffset ?? 0] {
            LittleEndian.append(field, to: &output)
        }
        return output
    }

    /// Decodes the 40 bytes that follow the pragma; more may follow and are left alone.
    ///
    /// Characteristics other than ``isFullyIndexed`` are ignored, as go-car ignores them.
    ///
    /// - Parameter offset: where `bytes` start in the input; only for errors.
    /// - Throws: `CARError.truncatedHeader`, `.dataOffset`, `.dataByteCount`, `.indexOffset`.
    public init(decoding bytes: Span<UInt8>, offset: Int = pragma.count) throws(CARError) {
        guard bytes.count >= Self.byteCount else { throw .truncatedHeader(offset: offset) }
        isFullyIndexed = bytes[0] & 0x80 != 0
        dataOffset = LittleEndian.uint64(in: bytes, at: 16)
        dataByteCount = LittleEndian.uint64(in: bytes, at: 24)
        let index = LittleEndian.uint64(in: bytes, at: 32)
        indexOffset = index == 0 ? nil : index
        guard (UInt64(Self.minimumDataOffset)...UInt64(Int64.max)).contains(dataOffset) else {
            throw .dataOffset(offset: offset, dataOffset)
        }
        // Both are below 2^63 from here on, so that their sum cannot overflow.
        guard dataByteCount > 0, dataByteCount <= UInt64(Int64.max) - dataOffset else {
            throw .dataByteCount(offset: offset, dataByteCount)
        }
        guard index == 0 || index >= dataOffset + dataByteCount else {
            throw .indexOffset(offset: offset, index)
        }
    }
}
