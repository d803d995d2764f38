// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Logging
import Multiformats
import Synchronization

extension DHT {
    /// Answers the requests on one stream until the peer closes it, breaks a rule or is idle, or
    /// this DHT serves no more.
    ///
    /// - Throws: ``ServerRefusal``, ``DHTError`` and the stream's errors, all of which reset it.
    func serve(_ stream: any PeerStream) async throws {
        let activity = StreamActivity()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var reader = MessageReader(
                    stream, maximumByteCount: KademliaLimits.requestByteCount)
                while let bytes = try await reader.next(), self.isServing {
                    activity.note()
                    try await self.answer(bytes, on: stream)
                    activity.note()
                }
            }
            group.addTask {
                try await activity.waitUntilIdle(for: self.options.timeouts.idle, on: self.clock)
                throw DHTError(.timedOut, peer: stream.remotePeer, "the stream is idle")
            }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
    }

    private func answer(_ bytes: [UInt8], on stream: any PeerStream) async throws {
        do {
            // While the peer lets it wait, the answer is in memory once: as these bytes.
            let frame = try await respond(to: bytes, on: stream).map(Self.frame)
            if let frame { try await stream.write(frame) }
        } catch let refusal as ServerRefusal {
            count { $0.refused += 1 }
            logger.debug(
                "request refused",
                metadata: ["peer": "\(stream.remotePeer)", "reason": "\(refusal)"])
            throw refusal
        }
    }

    /// What is sent of an answer, cut to its limits and with its length before it.
    private static func frame(_ answer: KademliaMessage) -> [UInt8] {
        var answer = answer
        answer.trim(
            to: KademliaLimits.sentAnswerByteCount,
            providers: KademliaLimits.sentProviderByteCount)
        let bytes = answer.bytes
        var frame: [UInt8] = []
        frame.reserveCapacity(bytes.count + Varint.maximumByteCount)
        Varint.append(UInt64(bytes.count), to: &frame)
        frame += bytes
        return frame
    }

    /// Carries out one request; nil if it is not to be answered.
    private func respond(
        to bytes: [UInt8], on stream: any PeerStream
    ) async throws -> KademliaMessage? {
        let message: KademliaMessage
        do { message = try KademliaMessage(bytes) } catch { throw ServerRefusal.malformed(error) }
        let peer = stream.remotePeer
        let request = try ServerRequest(
            message, from: peer, filter: filter(namedFrom: stream.remoteAddress))
        count { $0.served += 1 }
        switch request {
        case .ping: return KademliaMessage(.ping)
        case .findNode(let key):
            return KademliaMessage(
                .findNode, closerPeers: closerPeers(to: key, for: peer, withTarget: true))
        case .addProvider(let multihash, let provider):
            try await take(multihash, provider, from: group(at: stream.remoteAddress))
            return nil
        case .getProviders(let multihash):
            let providers = try await store.providers(
                of: multihash, limit: options.providersPerAnswer, now: wallClock())
            return KademliaMessage(
                .getProviders, key: message.key,
                closerPeers: closerPeers(to: message.key, for: peer, withTarget: false),
                // Shuffled: not always the same are left out of an answer that grows too long.
                providerPeers: providers.shuffled().map(withKnownAddresses))
        case .getValue(let key):
            let now = wallClock()
            let value = state.withLock { $0.values.value(of: key, now: now) }
            return KademliaMessage(
                .getValue, key: message.key,
                record: value.map { KademliaRecord(key: message.key, value: $0.bytes) },
                closerPeers: closerPeers(to: message.key, for: peer, withTarget: false))
        case .putValue(let value):
            let (group, now) = (group(at: stream.remoteAddress), wallClock())
            try state.withLock { try $0.values.add(value, from: group, now: now) }
            return KademliaMessage(.putValue, key: message.key, record: message.record)
        }
    }

    /// The IP group that a provider, or a value from there, counts to.
    ///
    /// Nil where there are no limits per group, and on private networks and this machine: a group
    /// of theirs is not one operator's.
    private func group(at address: Multiaddr) -> IPGroup? {
        options.table.diversity == nil || address.isPrivate ? nil : IPGroup(address)
    }

    private func take(
        _ multihash: Multihash, _ provider: PeerInfo, from group: IPGroup?
    ) async throws {
        do {
            try await store.add(multihash, provider: provider, from: group, now: wallClock())
        } catch let error as ProviderStoreError {
            logger.debug("provider record not taken", metadata: ["error": "\(error)"])
            throw ServerRefusal.full
        }
        count { $0.recordsTaken += 1 }
    }

    /// A provider whose addresses have expired may be known otherwise.
    private func withKnownAddresses(_ provider: PeerInfo) -> PeerInfo {
        guard provider.addresses.isEmpty else { return provider }
        return PeerInfo(
            id: provider.id,
            addresses: filter().kept(host.addressBook.addresses(of: provider.id)))
    }

    /// The k peers of the table nearest to `key`, and before them the target itself if it is known.
    ///
    /// Left out are this peer and the asker, unless they are the target, and peers without an
    /// address. So a server that is asked for its own ID names at least itself, which others check
    /// before they let it into their tables.
    private func closerPeers(
        to key: [UInt8], for asker: PeerID, withTarget: Bool
    ) -> [PeerInfo] {
        let count = options.table.bucketSize
        let point = KadKey(hashing: key)
        let nearest = state.withLock { $0.table.nearest(to: point, count: count + 2) }
        // A key of any other form is fine, too, but has no target.
        let target = withTarget ? try? PeerID(key) : nil
        var found: [PeerInfo] = []
        if let target {
            let addresses =
                target == host.peerID
                ? ownAddresses : filter().kept(host.addressBook.addresses(of: target))
            if !addresses.isEmpty { found.append(PeerInfo(id: target, addresses: addresses)) }
        }
        let limit = count + found.count
        for peer in nearest where peer.id != asker && peer.id != target {
            guard found.count < limit else { break }
            let addresses = filter().kept(host.addressBook.addresses(of: peer.id))
            if !addresses.isEmpty { found.append(PeerInfo(id: peer.id, addresses: addresses)) }
        }
        return found
    }
}
