// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Logging
import Multiformats
import NIOCore
import Synchronization

import struct Foundation.Date

extension SocketHost {
    /// How many identify streams a peer may have, as in go-libp2p.
    private static let identifyLimits = StreamLimits(perPeer: 16, total: 512)
    /// How many peers are told of a change at once.
    private static let pushWidth = 16

    /// Tells who this is, and listens to who others say they are.
    func serveIdentify() {
        state.withLock { state in
            state.handlers.handle(
                [IdentifyMessage.protocolID], limits: Self.identifyLimits
            ) { [weak self] stream in
                guard let self else { return }
                try await withDeadline(after: TimeAmount(options.timeouts.identify), on: stream) {
                    try await self.write(self.ownIdentity(for: stream.remoteAddress), to: stream)
                }
            }
            state.handlers.handle(
                [IdentifyMessage.pushProtocolID], limits: Self.identifyLimits
            ) { [weak self] stream in
                guard let self, let stream = stream as? SocketStream else { return }
                // As often as go-libp2p takes one: each costs the check of a signature.
                let now = time.now()
                guard stream.connection.pushes.withLock({ $0.take(now: now) }) else {
                    throw HostError(.limit, peer: stream.remotePeer, "too many pushes")
                }
                try await receiveIdentity(on: stream)
            }
        }
    }

    /// Asks the peer of a new connection who it is.
    func identify(_ connection: SocketConnection) async {
        do {
            let stream = try await openStream(on: connection, for: [IdentifyMessage.protocolID])
            do {
                try await receiveIdentity(on: stream)
                await stream.close()
            } catch {
                stream.reset()
                throw error
            }
        } catch {
            logger.debug(
                "identify failed",
                metadata: ["peer": "\(connection.remotePeer)", "error": "\(error)"])
        }
    }

    /// Tells all peers what changed, soon: changes made one after the other are told at once.
    func pushIdentify() {
        let mustSchedule = state.withLock { state in
            guard state.phase == .running, !state.isPushScheduled else { return false }
            state.isPushScheduled = true
            return true
        }
        if mustSchedule { _ = pool.add { await self.push() } }
    }

    private func push() async {
        // Time for more changes to come; a cancellation ends it early.
        try? await ContinuousClock().sleep(for: .milliseconds(20))
        let connections = state.withLock { state in
            state.isPushScheduled = false
            return state.table.peers.compactMap { state.table.connections(to: $0).last }
        }
        await withDiscardingTaskGroup { group in
            for share in 0..<Self.pushWidth {
                group.addTask {
                    for index in stride(from: share, to: connections.count, by: Self.pushWidth) {
                        await self.push(to: connections[index])
                    }
                }
            }
        }
    }

    private func push(to connection: SocketConnection) async {
        do {
            let stream = try await openStream(
                on: connection, for: [IdentifyMessage.pushProtocolID])
            do {
                try await withDeadline(after: TimeAmount(options.timeouts.identify), on: stream) {
                    try await self.write(
                        self.ownIdentity(for: stream.remoteAddress), to: stream)
                }
                await stream.close()
            } catch {
                stream.reset()
                throw error
            }
        } catch {
            logger.trace(
                "identify push failed",
                metadata: ["peer": "\(connection.remotePeer)", "error": "\(error)"])
        }
    }

    private func write(_ identity: IdentifyMessage, to stream: any PeerStream) async throws {
        for message in identity.messages { try await stream.writeMessage(message) }
        try await stream.closeWrite()
    }

    /// What this host says of itself to a peer at `remote`.
    private func ownIdentity(for remote: Multiaddr) throws -> IdentifyMessage {
        let (addresses, protocols, sequence) = state.withLock { state in
            // The time, so that it grows over restarts, but never twice the same.
            state.lastRecordSequence = max(
                state.lastRecordSequence + 1, Self.nanosecondsSince1970())
            return (state.addresses, state.handlers.protocols, state.lastRecordSequence)
        }
        var message = IdentifyMessage()
        message.publicKey = identity.publicKey.protobuf
        message.listenAddresses = addresses
        message.protocols = protocols.sorted { $0.description < $1.description }
        message.observedAddress = remote
        message.protocolVersion = options.protocolVersion
        message.agentVersion = options.agentVersion
        let record = PeerRecord(peerID: peerID, sequence: sequence, addresses: addresses)
        message.signedPeerRecord = try record.seal(by: identity).bytes
        return message
    }

    private static func nanosecondsSince1970() -> UInt64 {
        UInt64(max(0, Date().timeIntervalSince1970) * 1e9)
    }

    /// Reads what a peer says of itself, and remembers what may be believed.
    private func receiveIdentity(on stream: SocketStream) async throws {
        let message = try await withDeadline(
            after: TimeAmount(options.timeouts.identify), on: stream
        ) {
            var message = IdentifyMessage()
            var reader = MessageReader(
                stream, maximumByteCount: IdentifyMessage.maximumMessageByteCount)
            while let next = try await reader.next() { try message.merge(next) }
            return message
        }
        let peer = stream.remotePeer
        let identified = try message.verified(for: peer, from: stream.remoteAddress)
        guard isConnected(to: peer) else { return }
        if let observed = identified.observedAddress { note(observed, from: stream.connection) }
        let names: NameReach = stream.remoteAddress.isPrivate ? .anywhere : .internet
        var isKnown = true
        if let record = identified.record, let envelope = identified.envelope {
            isKnown = addressBook.accept(
                envelope,
                of: PeerRecord(
                    peerID: peer, sequence: record.sequence, addresses: identified.addresses),
                lifetime: AddressLifetime.connected, names: names)
        } else {
            addressBook.replace(
                identified.addresses, of: peer, lifetime: AddressLifetime.connected, names: names)
        }
        if !isKnown { logger.trace("identify with an old record", metadata: ["peer": "\(peer)"]) }
        addressBook.setProtocols(identified.protocols, of: peer)
        if let key = identified.publicKey { addressBook.setPublicKey(key, of: peer) }
        state.withLock { $0.agents[peer] = identified.agentVersion }
        observers.tell(.identified(peer, protocols: identified.protocols))
    }
}
