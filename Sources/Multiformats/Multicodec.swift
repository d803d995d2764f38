// SPDX-License-Identifier: Apache-2.0

/// A code of the multicodec table: what the bytes behind it are.
///
/// Table: <https://github.com/multiformats/multicodec/blob/master/table.csv>.
public struct Multicodec: RawRepresentable, Hashable, Sendable {
    /// The number in the table, at most 2^63-1.
    public let rawValue: UInt64

    /// Makes the code with this number, known by name or not.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Bytes that are their own digest (hash functions), code 0x00.
    public static let identity = Multicodec(rawValue: 0x00)
    /// SHA-1, code 0x11; verified, never made.
    public static let sha1 = Multicodec(rawValue: 0x11)
    /// SHA2-256, code 0x12.
    public static let sha2_256 = Multicodec(rawValue: 0x12)
    /// SHA2-512, code 0x13.
    public static let sha2_512 = Multicodec(rawValue: 0x13)
    /// SHA2-384, code 0x20; verified, never made.
    public static let sha2_384 = Multicodec(rawValue: 0x20)
    /// BLAKE3, code 0x1e.
    public static let blake3 = Multicodec(rawValue: 0x1e)
    /// BLAKE2b with a 256-bit digest, code 0xb220.
    public static let blake2b_256 = Multicodec(rawValue: 0xb220)
    /// Raw bytes, code 0x55.
    public static let raw = Multicodec(rawValue: 0x55)
    /// DAG-PB, code 0x70.
    public static let dagPB = Multicodec(rawValue: 0x70)
    /// DAG-CBOR, code 0x71.
    public static let dagCBOR = Multicodec(rawValue: 0x71)
    /// A libp2p public key, code 0x72.
    public static let libp2pKey = Multicodec(rawValue: 0x72)
    /// DAG-JSON, code 0x0129.
    public static let dagJSON = Multicodec(rawValue: 0x0129)
}
