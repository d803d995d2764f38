// SPDX-License-Identifier: Apache-2.0

import CSecp256k1
import Crypto

/// The fence around libsecp256k1: ECDSA on that curve over the SHA-256 of messages.
enum Secp256k1 {
    /// The library gave no signature.
    struct SigningFailed: Error {}

    /// What all calls share.
    ///
    // Sendable: a context is only read by the calls made here, which the library's documentation
    // allows from any number of threads at once; it is never freed.
    private nonisolated(unsafe) static let context: OpaquePointer = {
        guard let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
            preconditionFailure("libsecp256k1 gave no context")
        }
        return context
    }()

    /// A public key in the library's own form.
    struct PublicKey: Sendable {
        private let key: secp256k1_pubkey

        /// Parses a compressed key of 33 bytes; nil if it is no point of the curve.
        init?(_ data: [UInt8]) {
            var key = secp256k1_pubkey()
            guard secp256k1_ec_pubkey_parse(context, &key, data, data.count) == 1 else {
                return nil
            }
            self.key = key
        }

        /// Whether `signature` in DER is one of `message`.
        func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
            var key = key
            var parsed = secp256k1_ecdsa_signature()
            guard
                secp256k1_ecdsa_signature_parse_der(context, &parsed, signature, signature.count)
                    == 1
            else { return false }
            // The library refuses the larger of the two possible s; others in libp2p do not.
            var normal = secp256k1_ecdsa_signature()
            _ = secp256k1_ecdsa_signature_normalize(context, &normal, &parsed)
            return secp256k1_ecdsa_verify(
                context, &normal, Array(SHA256.hash(data: message)), &key) == 1
        }
    }

    /// A private key: a number from 1 to the order of the curve.
    struct PrivateKey: Sendable {
        /// 33 bytes, compressed.
        let publicKeyData: [UInt8]
        private let secret: [UInt8]

        /// Takes a number of 32 bytes; nil if it is none of the curve's.
        init?(_ secret: [UInt8]) {
            var key = secp256k1_pubkey()
            guard secret.count == 32, secp256k1_ec_pubkey_create(context, &key, secret) == 1 else {
                return nil
            }
            var data = [UInt8](repeating: 0, count: 33)
            var byteCount = data.count
            _ = secp256k1_ec_pubkey_serialize(
                context, &data, &byteCount, &key, UInt32(SECP256K1_EC_COMPRESSED))
            publicKeyData = data
            self.secret = secret
        }

        /// A signature of `message` in DER, with the nonce of RFC 6979.
        func sign(_ message: [UInt8]) throws(SigningFailed) -> [UInt8] {
            var signature = secp256k1_ecdsa_signature()
            let digest = Array(SHA256.hash(data: message))
            guard secp256k1_ecdsa_sign(context, &signature, digest, secret, nil, nil) == 1 else {
                throw SigningFailed()
            }
            var der = [UInt8](repeating: 0, count: 72)
            var byteCount = der.count
            guard
                secp256k1_ecdsa_signature_serialize_der(context, &der, &byteCount, &signature) == 1
            else { throw SigningFailed() }
            return Array(der.prefix(byteCount))
        }
    }
}
