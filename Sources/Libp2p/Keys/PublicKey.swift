// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras
public import Multiformats

/// The public half of an identity key.
///
/// Parsed and checked when made; equality is that of type and canonical data.
public struct PublicKey: Sendable {
    /// The kind.
    public let type: KeyType
    /// The key as libp2p has it: 32 bytes for Ed25519, 33 (compressed) for secp256k1, DER
    /// SubjectPublicKeyInfo for RSA and ECDSA.
    public let data: [UInt8]

    private let verifier: Verifier

    /// Parses the protobuf message of a key.
    ///
    /// - Throws: ``KeyError``.
    public init(protobuf: [UInt8]) throws(KeyError) {
        let (type, data) = try KeyMessage.decode(protobuf)
        try self.init(type, data: data)
    }

    /// Parses the data of a key.
    ///
    /// ECDSA keys may be on P-256, P-384 or P-521.
    /// - Throws: ``KeyError``.
    public init(_ type: KeyType, data: [UInt8]) throws(KeyError) {
        let verifier = try Verifier(type, data)
        self.type = type
        self.data = verifier.canonicalData ?? data
        self.verifier = verifier
    }

    /// The protobuf message: canonical, as peer IDs are made of it.
    public var protobuf: [UInt8] { KeyMessage.encode(type, data) }

    /// The name of the peer that has the private half.
    public var peerID: PeerID {
        let protobuf = protobuf
        let multihash =
            protobuf.count <= PeerID.maximumInlineKeyByteCount
            ? Multihash(code: .identity, digest: protobuf)
            : Multihash(code: .sha2_256, digest: Array(SHA256.hash(data: protobuf)))
        do { return try PeerID(multihash) } catch {
            preconditionFailure("no peer ID of a key: \(error)")
        }
    }

    /// Whether `signature` is one of `message` by the private half: raw for Ed25519, DER over the
    /// SHA-256 for ECDSA and secp256k1, PKCS #1 v1.5 with SHA-256 for RSA.
    ///
    /// - Complexity: O(message), and 50 to 200 microseconds.
    public func verify(
        _ signature: some Collection<UInt8>, of message: some Collection<UInt8>
    ) -> Bool {
        verifier.verify(Array(signature), of: Array(message))
    }
}

extension PublicKey: Hashable {
    /// Whether both are the same key.
    public static func == (left: PublicKey, right: PublicKey) -> Bool {
        left.type == right.type && left.data == right.data
    }

    /// Hashes type and data.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(type)
        hasher.combine(data)
    }
}

/// A parsed public key.
private enum Verifier: Sendable {
    case ed25519(Curve25519.Signing.PublicKey)
    case rsa(_RSA.Signing.PublicKey)
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case secp256k1(Secp256k1.PublicKey)

    init(_ type: KeyType, _ data: [UInt8]) throws(KeyError) {
        switch type {
        case .ed25519:
            guard data.count == 32,
                // The library's reason says no more than that it is no key; the same below.
                let key = try? Curve25519.Signing.PublicKey(rawRepresentation: data)
            else { throw .malformed(type) }
            self = .ed25519(key)
        case .secp256k1:
            guard data.count == 33, let key = Secp256k1.PublicKey(data) else {
                throw .malformed(type)
            }
            self = .secp256k1(key)
        case .ecdsa:
            // A key of one curve is none of another.
            if let key = try? P256.Signing.PublicKey(derRepresentation: data) {
                self = .p256(key)
                // Nor here.
            } else if let key = try? P384.Signing.PublicKey(derRepresentation: data) {
                self = .p384(key)
                // Nor here.
            } else if let key = try? P521.Signing.PublicKey(derRepresentation: data) {
                self = .p521(key)
            } else {
                throw .malformed(type)
            }
        case .rsa:
            guard data.count <= RSASize.maximumKeyByteCount,
                // As above.
                let key = try? _RSA.Signing.PublicKey(unsafeDERRepresentation: data)
            else { throw .malformed(type) }
            guard RSASize.bitCounts ~= key.keySizeInBits else {
                throw .rsaSize(bitCount: key.keySizeInBits)
            }
            self = .rsa(key)
        }
    }

    /// The data as the library writes them again, where DER may have been read leniently.
    var canonicalData: [UInt8]? {
        switch self {
        case .ed25519, .secp256k1: nil
        case .rsa(let key): Array(key.derRepresentation)
        case .p256(let key): Array(key.derRepresentation)
        case .p384(let key): Array(key.derRepresentation)
        case .p521(let key): Array(key.derRepresentation)
        }
    }

    func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch self {
        case .ed25519(let key): return key.isValidSignature(signature, for: message)
        case .secp256k1(let key): return key.verify(signature, of: message)
        case .rsa(let key):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature),
                for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        // The digest is SHA-256 on every curve.
        case .p256(let key):
            // DER that does not parse is no signature.
            let parsed = try? P256.Signing.ECDSASignature(derRepresentation: signature)
            return parsed.map { key.isValidSignature($0, for: SHA256.hash(data: message)) } ?? false
        case .p384(let key):
            // The same.
            let parsed = try? P384.Signing.ECDSASignature(derRepresentation: signature)
            return parsed.map { key.isValidSignature($0, for: SHA256.hash(data: message)) } ?? false
        case .p521(let key):
            // The same.
            let parsed = try? P521.Signing.ECDSASignature(derRepresentation: signature)
            return parsed.map { key.isValidSignature($0, for: SHA256.hash(data: message)) } ?? false
        }
    }
}

/// The sizes of RSA keys that libp2p takes.
enum RSASize {
    /// As go-libp2p has it: smaller ones are weak, larger ones cost the verifier too much.
    static let bitCounts = 2048...8192

    /// More than the DER of a public key of 8192 bits takes, 1,062 bytes; so that no number of
    /// absurd size is parsed.
    static let maximumKeyByteCount = 1200
}
