// SPDX-License-Identifier: Apache-2.0

import Crypto

/// The handshake `Noise_XX_25519_ChaChaPoly_SHA256`: three messages, of which the initiator writes
/// the first and third.
///
/// Knows nothing of libp2p.
///
/// Spec: <https://noiseprotocol.org/noise.html>, sections 5 and 7.
struct NoiseXX: Sendable {
    /// Exactly as long as a SHA-256, so that it is the first hash as it is.
    private static let name = "Noise_XX_25519_ChaChaPoly_SHA256"
    private static let keyByteCount = 32

    private let isInitiator: Bool
    private let staticKey: Curve25519.KeyAgreement.PrivateKey
    private let ephemeralKey: Curve25519.KeyAgreement.PrivateKey
    private var remoteEphemeralKey: Curve25519.KeyAgreement.PublicKey?
    /// The peer's static key, known after message 2 or 3.
    private(set) var remoteStaticKey: Curve25519.KeyAgreement.PublicKey?
    /// What was said so far; at the end, a name of this handshake that both sides know.
    private(set) var hash: [UInt8]
    private var chainingKey: SymmetricKey
    private var cipher: NoiseCipher?
    /// How many messages were written and read.
    private(set) var messageCount = 0

    init(
        isInitiator: Bool, staticKey: Curve25519.KeyAgreement.PrivateKey,
        ephemeralKey: Curve25519.KeyAgreement.PrivateKey, prologue: [UInt8] = []
    ) {
        self.isInitiator = isInitiator
        self.staticKey = staticKey
        self.ephemeralKey = ephemeralKey
        hash = Array(Self.name.utf8)
        chainingKey = SymmetricKey(data: hash)
        mixHash(prologue)
    }

    /// Whether this side writes the next message.
    var isWriting: Bool { messageCount < 3 && (messageCount % 2 == 0) == isInitiator }

    /// The next message with `payload` in it.
    mutating func write(_ payload: [UInt8]) throws(NoiseError) -> [UInt8] {
        precondition(isWriting, "message \(messageCount + 1) is not to be written")
        var output: [UInt8] = []
        if messageCount < 2 {
            let key = Array(ephemeralKey.publicKey.rawRepresentation)
            output += key
            mixHash(key)
        }
        if messageCount == 1 { try mixKey(ephemeralKey, remoteEphemeralKey) }  // ee
        if messageCount > 0 {
            try seal(Array(staticKey.publicKey.rawRepresentation), to: &output)
            try mixKey(staticKey, remoteEphemeralKey)  // es of the responder, se of the initiator
        }
        try seal(payload, to: &output)
        messageCount += 1
        return output
    }

    /// The payload of the next message.
    mutating func read(_ message: ArraySlice<UInt8>) throws(NoiseError) -> [UInt8] {
        precondition(
            messageCount < 3 && !isWriting, "message \(messageCount + 1) is not to be read")
        var rest = message
        if messageCount < 2 {
            let key = try take(Self.keyByteCount, from: &rest)
            guard
                // The library's reason says no more.
                let parsed = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: key)
            else { throw .keyAgreement }
            remoteEphemeralKey = parsed
            mixHash(key)
        }
        if messageCount == 1 { try mixKey(ephemeralKey, remoteEphemeralKey) }  // ee
        if messageCount > 0 {
            let sealed = try take(Self.keyByteCount + NoiseCipher.tagByteCount, from: &rest)
            let key = try open(sealed[...])
            // Nor here.
            guard let parsed = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: key) else {
                throw .keyAgreement
            }
            remoteStaticKey = parsed
            try mixKey(ephemeralKey, remoteStaticKey)  // es of the initiator, se of the responder
        }
        let payload = try open(rest)
        messageCount += 1
        return payload
    }

    /// The ciphers of what follows the third message.
    func split() -> (sending: NoiseCipher, receiving: NoiseCipher) {
        precondition(messageCount == 3, "the handshake is at message \(messageCount + 1)")
        let (first, second) = Self.hkdf(chainingKey, [])
        let fromInitiator = NoiseCipher(key: first)
        let fromResponder = NoiseCipher(key: second)
        return isInitiator ? (fromInitiator, fromResponder) : (fromResponder, fromInitiator)
    }

    private func take(
        _ byteCount: Int, from rest: inout ArraySlice<UInt8>
    ) throws(NoiseError) -> [UInt8] {
        guard rest.count >= byteCount else { throw .truncated(message: messageCount + 1) }
        defer { rest = rest.dropFirst(byteCount) }
        return Array(rest.prefix(byteCount))
    }

    private mutating func mixHash(_ data: some Collection<UInt8>) {
        hash = Array(SHA256.hash(data: hash + data))
    }

    private mutating func mixKey(
        _ own: Curve25519.KeyAgreement.PrivateKey, _ other: Curve25519.KeyAgreement.PublicKey?
    ) throws(NoiseError) {
        // A failure has no other reason than a key of low order, and neither has a zero.
        guard let other, let shared = try? own.sharedSecretFromKeyAgreement(with: other) else {
            throw .keyAgreement
        }
        let secret = shared.withUnsafeBytes { Array($0) }
        guard secret.contains(where: { $0 != 0 }) else { throw .keyAgreement }
        let key: SymmetricKey
        (chainingKey, key) = Self.hkdf(chainingKey, secret)
        cipher = NoiseCipher(key: key)
    }

    private mutating func seal(
        _ plaintext: [UInt8], to output: inout [UInt8]
    ) throws(NoiseError) {
        let start = output.count
        if cipher == nil {
            output += plaintext
        } else {
            let byteCount = plaintext.count + NoiseCipher.tagByteCount
            try output.append(atMost: byteCount) { output throws(NoiseError) in
                try cipher?.seal(plaintext.span.bytes, authenticating: hash, to: &output)
            }
        }
        mixHash(output[start...])
    }

    private mutating func open(_ sealed: ArraySlice<UInt8>) throws(NoiseError) -> [UInt8] {
        defer { mixHash(sealed) }
        guard cipher != nil else { return Array(sealed) }
        guard sealed.count >= NoiseCipher.tagByteCount else {
            throw .truncated(message: messageCount + 1)
        }
        var plaintext: [UInt8] = []
        try plaintext.append(atMost: sealed.count) { output throws(NoiseError) in
            let isGenuine = try cipher?.open(
                sealed.span.bytes, authenticating: hash, to: &output)
            guard isGenuine == true else { throw .decryption(offset: 0) }
        }
        return plaintext
    }

    /// The two keys of Noise's HKDF.
    private static func hkdf(
        _ chainingKey: SymmetricKey, _ input: [UInt8]
    ) -> (SymmetricKey, SymmetricKey) {
        let extracted = SymmetricKey(
            data: HMAC<SHA256>.authenticationCode(for: input, using: chainingKey))
        let first = HMAC<SHA256>.authenticationCode(for: [1] as [UInt8], using: extracted)
        let second = HMAC<SHA256>.authenticationCode(for: Array(first) + [2], using: extracted)
        return (SymmetricKey(data: first), SymmetricKey(data: second))
    }
}
