// SPDX-License-Identifier: Apache-2.0

/// Why a Noise handshake or channel failed.
///
/// The connection is to be closed after any of them.
public enum NoiseError: Error, Hashable, Sendable {
    /// The handshake message is shorter than its keys and tags; messages count from 1.
    case truncated(message: Int)
    /// A message does not decrypt: another key, or changed on its way. `offset` is that of the
    /// message's length field, from the first byte of its direction on.
    case decryption(offset: Int)
    /// A public key that gives no shared secret.
    case keyAgreement
    /// The handshake's payload is no valid message, or lacks the identity.
    case payload(ProtobufError)
    /// The identity key in the payload is none.
    case identity(KeyError)
    /// The identity key did not sign the channel's static key.
    case signature
    /// The peer is another one than the one that was dialled.
    case wrongPeer
    /// The local identity could not sign.
    case signing
    /// A direction has sent all the messages that one key allows.
    case exhausted
}

extension NoiseError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .truncated(let message): "message \(message) of the Noise handshake is cut short"
        case .decryption(let offset): "the Noise message at byte \(offset) does not decrypt"
        case .keyAgreement: "the peer's Noise key gives no shared secret"
        case .payload(let error): "payload of the Noise handshake: \(error)"
        case .identity(let error): "identity in the Noise handshake: \(error)"
        case .signature: "the peer's identity did not sign its Noise key"
        case .wrongPeer: "another peer answered than the one dialled"
        case .signing: "the local identity could not sign"
        case .exhausted: "the Noise channel has used up its key"
        }
    }
}
