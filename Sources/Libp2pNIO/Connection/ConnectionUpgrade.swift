// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// How a fresh connection becomes one on which Yamux is spoken: security is negotiated, then done,
/// then the muxer is negotiated, unless the handshake settled that.
///
/// A value without I/O. TLS itself is done by the shell, which tells by ``tlsCompleted(key:alpn:)``.
struct ConnectionUpgrade: Sendable {
    /// What a step gave.
    struct Step: Sendable {
        /// What is to be sent now; may be empty.
        var output: [UInt8] = []
        /// What comes after that.
        var outcome = Outcome.pending
    }

    /// Where the upgrade stands.
    enum Outcome: Sendable {
        /// More input is needed.
        case pending
        /// TLS begins; `surplus` is its first input. From now on input is its plaintext.
        case startTLS(surplus: [UInt8])
        /// Yamux begins.
        case established(Established)
    }

    /// The end of an upgrade.
    struct Established: Sendable {
        let remoteKey: PublicKey
        let security: ConnectionSecurity
        /// What encrypts, if it is not TLS below.
        let channel: NoiseChannel?
        /// The first input of Yamux, in plain.
        let surplus: [UInt8]
    }

    /// security -> noise -> (muxer) -> over, or security -> tls -> (muxer) -> over.
    private enum Phase: Sendable {
        case security(Negotiation)
        case noise(NoiseHandshake)
        case tls
        case muxer(Negotiation, PublicKey, NoiseChannel?)
        case over
    }

    private let isInitiator: Bool
    private let identity: PrivateKey
    private let expectedPeer: PeerID?
    private var phase: Phase
    private static let muxers = [YamuxSession.protocolID]

    /// An upgrade that proposes `securities` in order, or takes any of them.
    ///
    /// Peers other than `expectedPeer` are refused; nil takes any.
    init(
        isInitiator: Bool, identity: PrivateKey, expecting expectedPeer: PeerID?,
        securities: [ConnectionSecurity]
    ) {
        self.isInitiator = isInitiator
        self.identity = identity
        self.expectedPeer = expectedPeer
        phase = .security(
            Negotiation(isInitiator: isInitiator, securities.map(\.protocolID)))
    }

    /// What is sent first.
    func start() -> [UInt8] {
        guard case .security(let negotiation) = phase else { return [] }
        return negotiation.start()
    }

    /// Takes what arrived.
    ///
    /// - Throws: what the machines throw; ``HostError`` with `wrongPeer`.
    mutating func receive(_ bytes: [UInt8]) throws -> Step {
        switch phase {
        case .security(var negotiation):
            let step = try negotiation.receive(bytes)
            phase = .security(negotiation)
            var result = Step(output: step.output)
            guard let agreed = step.agreed else { return result }
            if agreed == ConnectionSecurity.tls.protocolID {
                phase = .tls
                result.outcome = .startTLS(surplus: step.surplus)
                return result
            }
            try startNoise(step.surplus, &result)
            return result
        case .noise(let handshake):
            var result = Step()
            try continueNoise(handshake, bytes, &result)
            return result
        case .muxer(let negotiation, let key, var channel):
            var result = Step()
            let plaintext = try channel?.open(bytes) ?? bytes
            try negotiateMuxer(negotiation, key, channel, plaintext, &result)
            return result
        case .tls, .over:
            preconditionFailure("input for an upgrade in phase \(phase)")
        }
    }

    /// TLS proved the peer's key, and agreed on an application protocol, if on any.
    mutating func tlsCompleted(key: PublicKey, alpn: String?) throws -> Step {
        guard case .tls = phase else { preconditionFailure("TLS ended in phase \(phase)") }
        if let expectedPeer, key.peerID != expectedPeer {
            throw HostError(.wrongPeer, peer: expectedPeer, "the peer there is \(key.peerID)")
        }
        var result = Step()
        if let alpn, Self.muxers.contains(ProtocolID(alpn)) {
            phase = .over
            result.outcome = .established(
                Established(remoteKey: key, security: .tls, channel: nil, surplus: []))
        } else {
            try startMuxer(key, nil, &result)
        }
        return result
    }

    private mutating func startNoise(_ surplus: [UInt8], _ result: inout Step) throws {
        var handshake = NoiseHandshake(
            role: isInitiator ? .initiator : .responder, identity: identity, muxers: Self.muxers,
            expecting: expectedPeer)
        result.output += try handshake.start()
        try continueNoise(handshake, surplus, &result)
    }

    private mutating func continueNoise(
        _ handshake: NoiseHandshake, _ bytes: [UInt8], _ result: inout Step
    ) throws {
        var handshake = handshake
        let step: NoiseHandshake.Step
        do { step = try handshake.receive(bytes) } catch {
            if case .wrongPeer = error {
                throw HostError(.wrongPeer, peer: expectedPeer, "another peer is there")
            }
            throw error
        }
        phase = .noise(handshake)
        result.output += step.output
        guard var channel = step.channel else { return }
        let plaintext = try channel.open([])
        if channel.muxer != nil {
            phase = .over
            result.outcome = .established(
                Established(
                    remoteKey: channel.remoteKey, security: .noise, channel: channel,
                    surplus: plaintext))
            return
        }
        try startMuxer(channel.remoteKey, channel, &result)
        guard case .muxer(let negotiation, let key, let started) = phase else { return }
        try negotiateMuxer(negotiation, key, started, plaintext, &result)
    }

    private mutating func startMuxer(
        _ key: PublicKey, _ channel: NoiseChannel?, _ result: inout Step
    ) throws {
        let negotiation = Negotiation(isInitiator: isInitiator, Self.muxers)
        var channel = channel
        let output = negotiation.start()
        result.output += try channel?.seal(output) ?? output
        phase = .muxer(negotiation, key, channel)
    }

    private mutating func negotiateMuxer(
        _ negotiation: Negotiation, _ key: PublicKey, _ channel: NoiseChannel?,
        _ plaintext: [UInt8], _ result: inout Step
    ) throws {
        var negotiation = negotiation
        var channel = channel
        let step = try negotiation.receive(plaintext)
        if !step.output.isEmpty { result.output += try channel?.seal(step.output) ?? step.output }
        phase = .muxer(negotiation, key, channel)
        guard step.agreed != nil else { return }
        phase = .over
        result.outcome = .established(
            Established(
                remoteKey: key, security: channel == nil ? .tls : .noise, channel: channel,
                surplus: step.surplus))
    }
}
