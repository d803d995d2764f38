// SPDX-License-Identifier: Apache-2.0

extension Multicodec {
    /// The code with this name in the multicodec table; nil if it is not known here.
    public init?(name: String) {
        guard let code = Self.codes[name] else { return nil }
        self.init(rawValue: code)
    }

    /// The name in the multicodec table; nil if it is not known here.
    public var name: String? { Self.names[rawValue] }

    private static let codes = Dictionary(
        names.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })

    /// The rows of the table that IPFS uses: hash functions, codecs, and what networks announce.
    private static let names: [UInt64: String] = {
        var names: [UInt64: String] = [
            0x00: "identity", 0x01: "cidv1", 0x02: "cidv2", 0x03: "cidv3",
            0x11: "sha1", 0x12: "sha2-256", 0x13: "sha2-512",
            0x14: "sha3-512", 0x15: "sha3-384", 0x16: "sha3-256", 0x17: "sha3-224",
            0x18: "shake-128", 0x19: "shake-256",
            0x1a: "keccak-224", 0x1b: "keccak-256", 0x1c: "keccak-384", 0x1d: "keccak-512",
            0x1e: "blake3", 0x20: "sha2-384", 0x22: "murmur3-x64-64", 0x23: "murmur3-32",
            0x2f: "path", 0x50: "protobuf", 0x51: "cbor", 0x55: "raw", 0x56: "dbl-sha2-256",
            0x63: "bittorrent-pieces-root", 0x70: "dag-pb", 0x71: "dag-cbor",
            0x72: "libp2p-key", 0x78: "git-raw", 0x85: "dag-jose", 0x86: "dag-cose",
            0xe3: "ipfs", 0xe5: "ipns", 0xe7: "secp256k1-pub", 0xec: "x25519-pub",
            0xed: "ed25519-pub", 0x0129: "dag-json", 0x0200: "json", 0x0202: "car",
            0x0300: "ipns-record", 0x0301: "libp2p-peer-record", 0x0302: "libp2p-relay-rsvp",
            0x0400: "car-index-sorted", 0x0401: "car-multihash-index-sorted",
            0x0900: "transport-bitswap", 0x0910: "transport-graphsync-filecoinv1",
            0x0920: "transport-ipfs-gateway-http", 0x0930: "transport-filecoin-piece-http",
            0x1012: "sha2-256-trunc254-padded", 0x1022: "murmur3-x64-128", 0x1205: "rsa-pub",
        ]
        for byteCount: UInt64 in 1...64 { names[0xb200 + byteCount] = "blake2b-\(8 * byteCount)" }
        for byteCount: UInt64 in 1...32 { names[0xb240 + byteCount] = "blake2s-\(8 * byteCount)" }
        return names
    }()
}

extension Multicodec: CustomStringConvertible {
    /// The name, or the number in hexadecimal such as `0x1234`.
    public var description: String { name ?? "0x" + String(rawValue, radix: 16) }
}
