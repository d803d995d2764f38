// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Multiformats

/// The handshake of libp2p's `/noise` channel: Noise XX, with proofs of identity as payloads.
///
/// ```swift
/// var handshake = NoiseHandshake(role: .initiator, identity: key, muxers: ["/yamux/1.0.0"],
///     expecting: peerID)
/// send(try handshake.start())
/// while channel == nil { step = try handshake.receive(await read()); send(step.output) }
/// ```
/// Memory: one handshake message of at most 64 KiB, and one read. After an error the connection is
/// to be closed; nothing tells the peer why.
/// Spec: <https://github.com/libp2p/specs/blob/master/noise/README.md>.
public struct NoiseHandshake: Sendable {
    /// The channel's name for multistream-select.
    public static let protocolID: ProtocolID = "/noise"

    /// Which side this is: the initiator is the one that dialled.
    public enum Role: Hashable, Sendable {
        case initiator
        case responder
    }

    /// What a step of the handshake gave.
    public struct Step: Sendable {
        /// What is to be sent now; may be empty.
        public var output: [UInt8] = []
        /// The finished channel; the output is to be sent all the same.
        public var channel: NoiseChannel?
    }

    private let role: Role
    private let identity: PrivateKey
    private let muxers: [ProtocolID]
    private let expectedPeer: PeerID?
    private let staticPublicKey: [UInt8]
    private var noise: NoiseXX
    private var buffer: [UInt8] = []
    private var receivedByteCount = 0
    /// The peer, once its payload has been checked.
    private var remote: (key: PublicKey, muxers: [ProtocolID])?

    /// Starts a handshake with keys of its own.
    ///
    /// `muxers` are offered by preference; empty for none, so that the muxer is negotiated inside
    /// the channel. A peer other than `expectedPeer` is refused; nil takes any.
    public init(
        role: Role, identity: PrivateKey, muxers: [ProtocolID], expecting expectedPeer: PeerID?
    ) {
        self.init(
            role: role, identity: identity, muxers: muxers, expecting: expectedPeer,
            staticKey: Curve25519.KeyAgreement.PrivateKey(),
            ephemeralKey: Curve25519.KeyAgreement.PrivateKey())
    }

    /// Starts a handshake with the given keys, each to be used for one handshake only.
    init(
        role: Role, identity: PrivateKey, muxers: [ProtocolID], expecting expectedPeer: PeerID?,
        staticKey: Curve25519.KeyAgreement.PrivateKey,
        ephemeralKey: Curve25519.KeyAgreement.PrivateKey
    ) {
        self.role = role
        self.identity = identity
        self.muxers = muxers
        self.expectedPeer = expectedPeer
        staticPublicKey = Array(staticKey.publicKey.rawRepresentation)
        noise = NoiseXX(
            isInitiator: role == .initiator, staticKey: staticKey, ephemeralKey: ephemeralKey)
    }

    /// What is sent first; empty for the responder.
    ///
    /// - Throws: ``NoiseError``.
    public mutating func start() throws(NoiseError) -> [UInt8] {
        guard role == .initiator else { return [] }
        return Self.framed(try noise.write([]))
    }

    /// Takes what arrived, in pieces of any size.
    ///
    /// Not to be called once there is a channel.
    ///
    /// - Throws: ``NoiseError``.
    public mutating func receive(_ bytes: [UInt8]) throws(NoiseError) -> Step {
        buffer.append(contentsOf: bytes)
        var step = Step()
        while noise.messageCount < 3, buffer.count >= 2 {
            let end = 2 + (Int(buffer[0]) << 8 | Int(buffer[1]))
            guard buffer.count >= end else { break }
            let isFirst = noise.messageCount == 0
            let payload: [UInt8]
            do { payload = try noise.read(buffer[2..<end]) } catch {
                guard case .decryption = error else { throw error }
                throw .decryption(offset: receivedByteCount)
            }
            buffer.removeSubrange(..<end)
            receivedByteCount += end
            // The first message comes without a payload, and with one it proves nothing.
            if !isFirst { try check(payload) }
            if noise.isWriting { step.output += Self.framed(try noise.write(ownPayload())) }
        }
        if noise.messageCount == 3, let remote {
            let (sending, receiving) = noise.split()
            step.channel = NoiseChannel(
                remoteKey: remote.key, muxer: agreedMuxer(remote.muxers),
                handshakeHash: noise.hash, surplus: buffer, receivedByteCount: receivedByteCount,
                sending: sending, receiving: receiving)
        }
        return step
    }

    private static func framed(_ message: [UInt8]) -> [UInt8] {
        precondition(message.count <= 0xffff, "a handshake message of \(message.count) bytes")
        return [UInt8(message.count >> 8), UInt8(message.count & 0xff)] + message
    }

    private func ownPayload() throws(NoiseError) -> [UInt8] {
        let signature: [UInt8]
        do { signature = try identity.sign(NoisePayload.signedBytes(of: staticPublicKey)) } catch {
            throw .signing
        }
        return NoisePayload(
            identityKey: identity.publicKey.protobuf, signature: signature, muxers: muxers
        ).protobuf
    }

    /// Learns who the peer is.
    private mutating func check(_ bytes: [UInt8]) throws(NoiseError) {
        let payload: NoisePayload
        do { payload = try NoisePayload(protobuf: bytes) } catch { throw .payload(error) }
        let key: PublicKey
        do { key = try PublicKey(protobuf: payload.identityKey) } catch { throw .identity(error) }
        let staticKey = noise.remoteStaticKey.map { Array($0.rawRepresentation) } ?? []
        guard key.verify(payload.signature, of: NoisePayload.signedBytes(of: staticKey)) else {
            throw .signature
        }
        if let expectedPeer, key.peerID != expectedPeer { throw .wrongPeer }
        remote = (key, payload.muxers)
    }

    /// The first muxer of the initiator's list that the responder knows, too.
    private func agreedMuxer(_ remoteMuxers: [ProtocolID]) -> ProtocolID? {
        let (first, second) = role == .initiator ? (muxers, remoteMuxers) : (remoteMuxers, muxers)
        return first.first(where: second.contains)
    }
}
