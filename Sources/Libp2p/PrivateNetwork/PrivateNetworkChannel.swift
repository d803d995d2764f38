// SPDX-License-Identifier: Apache-2.0

/// The outermost layer of a connection in a private network: everything through XSalsa20 under
/// the shared key, behind a nonce of 24 bytes that each side sends first.
///
/// It keeps strangers out and authenticates nothing; the security protocol goes on top of it. Who
/// has another key sees noise, and its handshake fails. Holds less than a nonce.
/// Spec: <https://github.com/libp2p/specs/blob/master/pnet/Private-Networks-PSK-V1.md>.
public struct PrivateNetworkChannel: Sendable {
    private let key: PreSharedKey
    private let ownNonce: [UInt8]
    private var sending: XSalsa20
    private var receiving: XSalsa20?
    private var partialNonce: [UInt8] = []

    /// A channel under `key`, with a nonce from `random`, which must be unpredictable.
    public init(key: PreSharedKey, using random: inout some RandomNumberGenerator) {
        self.key = key
        ownNonce = (0..<XSalsa20.nonceByteCount).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        sending = XSalsa20(key: key.bytes, nonce: ownNonce)
    }

    /// What is sent first, as it is: the nonce.
    public func start() -> [UInt8] { ownNonce }

    /// Encrypts what is sent next.
    public mutating func seal(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        sending.apply(to: &bytes)
        return bytes
    }

    /// Decrypts what arrived, in pieces of any size; nothing comes out before the peer's nonce is
    /// whole.
    public mutating func open(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        if receiving == nil {
            let taken = min(XSalsa20.nonceByteCount - partialNonce.count, bytes.count)
            partialNonce += bytes.prefix(taken)
            bytes.removeFirst(taken)
            guard partialNonce.count == XSalsa20.nonceByteCount else { return [] }
            receiving = XSalsa20(key: key.bytes, nonce: partialNonce)
        }
        receiving?.apply(to: &bytes)
        return bytes
    }
}
