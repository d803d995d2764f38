// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras

/// The private half of an identity key.
///
/// Not `CustomStringConvertible`, and its description shows the public half only, so that logs
/// cannot hold it.
public struct PrivateKey: Sendable {
    /// The public half.
    public let publicKey: PublicKey

    /// The key as libp2p has it: seed and public key for Ed25519, 32 bytes for secp256k1, DER of
    /// PKCS #1 for RSA and of RFC 5915 for ECDSA.
    private let data: [UInt8]
    private let signer: Signer

    /// Makes a new Ed25519 key.
    public static func makeEd25519() -> PrivateKey {
        let key = Curve25519.Signing.PrivateKey()
        do { return try PrivateKey(ed25519Seed: Array(key.rawRepresentation)) } catch {
            preconditionFailure("a new key is no key: \(error)")
        }
    }

    /// The Ed25519 key of a seed of 32 bytes.
    ///
    /// - Throws: ``KeyError`` with `malformed` for a seed of another length.
    public init(ed25519Seed seed: [UInt8]) throws(KeyError) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            throw .malformed(.ed25519)  // all that the library's error says
        }
        let publicHalf = Array(key.publicKey.rawRepresentation)
        publicKey = try PublicKey(.ed25519, data: publicHalf)
        data = seed + publicHalf
        signer = .ed25519(key)
    }

    /// Parses the protobuf message of a key, as Kubo's configuration and `identity.key` hold it.
    ///
    /// - Throws: ``KeyError``.
    public init(protobuf: [UInt8]) throws(KeyError) {
        let (type, data) = try KeyMessage.decode(protobuf)
        if type == .ed25519 {
            try self.init(ed25519Seed: Array(data.prefix(32)))
            // 96 bytes are an older form, with the public half twice.
            let halves = data.dropFirst(32)
            guard data.count == 64 || data.count == 96 else { throw .malformed(type) }
            guard halves.prefix(32).elementsEqual(publicKey.data),
                halves.suffix(32).elementsEqual(publicKey.data)
            else { throw .mismatchedHalves(type) }
            return
        }
        let (signer, publicKey) =
            switch type {
            case .rsa: try Signer.rsa(data)
            case .secp256k1: try Signer.secp256k1(data)
            default: try Signer.ecdsa(data)
            }
        self.init(publicKey: publicKey, data: data, signer: signer)
    }

    private init(publicKey: PublicKey, data: [UInt8], signer: Signer) {
        self.publicKey = publicKey
        self.data = data
        self.signer = signer
    }

    /// The protobuf message: what is kept secret on disk.
    public var protobuf: [UInt8] { KeyMessage.encode(publicKey.type, data) }

    /// A signature of `message`, in the form that ``PublicKey/verify(_:of:)`` reads.
    ///
    /// - Throws: ``KeyError`` with `signing`, should the library fail.
    public func sign(_ message: some Collection<UInt8>) throws(KeyError) -> [UInt8] {
        do { return try signer.sign(Array(message)) } catch { throw .signing(publicKey.type) }
    }
}

extension PrivateKey: CustomStringConvertible {
    /// Names the kind and the peer; holds nothing secret.
    public var description: String { "private \(publicKey.type) key of \(publicKey.peerID)" }
}

/// A parsed private key.
private enum Signer: Sendable {
    case ed25519(Curve25519.Signing.PrivateKey)
    case rsa(_RSA.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)
    case secp256k1(Secp256k1.PrivateKey)

    static func rsa(_ der: [UInt8]) throws(KeyError) -> (Signer, PublicKey) {
        guard let key = try? _RSA.Signing.PrivateKey(unsafeDERRepresentation: der) else {
            throw .malformed(.rsa)  // all that the library's error says
        }
        return (.rsa(key), try PublicKey(.rsa, data: Array(key.publicKey.derRepresentation)))
    }

    static func secp256k1(_ data: [UInt8]) throws(KeyError) -> (Signer, PublicKey) {
        guard let key = Secp256k1.PrivateKey(data) else { throw .malformed(.secp256k1) }
        return (.secp256k1(key), try PublicKey(.secp256k1, data: key.publicKeyData))
    }

    static func ecdsa(_ der: [UInt8]) throws(KeyError) -> (Signer, PublicKey) {
        // A key of one curve is none of another; the library has no other reasons to give.
        if let key = try? P256.Signing.PrivateKey(derRepresentation: der) {
            return (.p256(key), try PublicKey(.ecdsa, data: Array(key.publicKey.derRepresentation)))
        }
        // The same.
        if let key = try? P384.Signing.PrivateKey(derRepresentation: der) {
            return (.p384(key), try PublicKey(.ecdsa, data: Array(key.publicKey.derRepresentation)))
        }
        // The same.
        if let key = try? P521.Signing.PrivateKey(derRepresentation: der) {
            return (.p521(key), try PublicKey(.ecdsa, data: Array(key.publicKey.derRepresentation)))
        }
        throw .malformed(.ecdsa)
    }

    func sign(_ message: [UInt8]) throws -> [UInt8] {
        switch self {
        case .ed25519(let key): return Array(try key.signature(for: message))
        case .secp256k1(let key): return try key.sign(message)
        case .rsa(let key):
            let signature = try key.signature(
                for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
            return Array(signature.rawRepresentation)
        case .p256(let key):
            return Array(try key.signature(for: SHA256.hash(data: message)).derRepresentation)
        case .p384(let key):
            return Array(try key.signature(for: SHA256.hash(data: message)).derRepresentation)
        case .p521(let key):
            return Array(try key.signature(for: SHA256.hash(data: message)).derRepresentation)
        }
    }
}
