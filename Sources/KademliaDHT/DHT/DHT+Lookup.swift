// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Synchronization

extension DHT {
    /// What a look-up asks, and who watches it.
    struct LookupPlan: Sendable {
        /// FIND_NODE or GET_PROVIDERS; its key is what is looked for.
        let request: KademliaMessage
        /// Passes all filters.
        var target: PeerID?
        var watch: @Sendable (LookupEvent) -> Void = { _ in }
        /// Sees each answer, filtered; returns false to end the look-up.
        var take: @Sendable (PeerID, KademliaMessage) async -> Bool = { _, _ in true }
    }

    private struct Outcome: Sendable {
        let peer: KadPeer
        let result: Result<RequestSender.Answer, any Error>
    }

    /// Looks up the peers nearest to `key`: bytes that are hashed, such as those of a peer ID or a
    /// multihash.
    ///
    /// `watch` is told each step.
    ///
    /// - Throws: ``DHTError`` with `noPeers`; `CancellationError`.
    public func query(
        _ key: [UInt8], _ watch: @escaping @Sendable (LookupEvent) -> Void = { _ in }
    ) async throws -> LookupReport {
        var plan = LookupPlan(request: KademliaMessage(.findNode, key: key))
        plan.watch = watch
        // A key that is no peer's has no target.
        plan.target = try? PeerID(key)
        return try await look(plan)
    }

    /// Runs one look-up.
    ///
    /// Peers that answer enter the table, or are seen; those that do not leave it.
    func look(_ plan: LookupPlan) async throws -> LookupReport {
        let start = now()
        let point = KadKey(hashing: plan.request.key)
        let seeds = state.withLock {
            $0.table.nearest(to: point, count: options.lookup.resultCount)
        }
        guard !seeds.isEmpty else {
            throw DHTError(.noPeers, "the routing table of \(options.protocolID) is empty")
        }
        plan.watch(.started(seeds: seeds.map(\.id)))
        var lookup = Lookup(target: point, local: local, seeds: seeds, options: options.lookup)
        var known: [PeerID: [Multiaddr]] = [:]
        try await drive(&lookup, plan, until: start + options.timeouts.lookup, &known)
        let ending = lookup.ending
        if ending == .converged || ending == .starved {
            let now = now()
            let length = point.commonPrefixLength(with: local.key)
            state.withLock { $0.table.noteRefreshed(prefixLength: length, now: now) }
        }
        let report = LookupReport(
            peers: lookup.result.map { peer in
                let booked = host.addressBook.addresses(of: peer.id)
                return PeerInfo(
                    id: peer.id, addresses: booked.isEmpty ? known[peer.id] ?? [] : booked)
            }, ending: ending, requestCount: lookup.requestCount,
            failureCount: lookup.failureCount, hopCount: lookup.hopCount, duration: now() - start)
        plan.watch(.finished(report))
        return report
    }

    /// Asks whom the look-up names until it is finished or time is up.
    private func drive(
        _ lookup: inout Lookup, _ plan: LookupPlan, until end: Duration,
        _ known: inout [PeerID: [Multiaddr]]
    ) async throws {
        try await withThrowingTaskGroup(of: Outcome?.self) { group in
            // What is in flight when the look-up ends is cancelled.
            defer { group.cancelAll() }
            let wait = end - now()
            group.addTask { [clock] in
                try await clock.sleep(for: wait)
                return nil
            }
            while true {
                for peer in lookup.nextRequests() {
                    plan.watch(.asking(peer.id))
                    group.addTask { await self.ask(peer, plan.request) }
                }
                if lookup.isFinished { return }
                guard let outcome = try await group.next() ?? nil else { return }
                try Task.checkCancellation()
                switch outcome.result {
                case .success(let answer):
                    let goesOn = await take(answer, of: outcome.peer, plan, &lookup, &known)
                    if !goesOn { lookup.stop() }
                case .failure(let error):
                    lookup.failed(outcome.peer)
                    plan.watch(.failed(outcome.peer.id, reason: "\(error)"))
                }
            }
        }
    }

    private func ask(_ peer: KadPeer, _ request: KademliaMessage) async -> Outcome {
        do {
            let answer = try await sender.request(request, to: peer.id)
            count { $0.answered += 1 }
            noteAnswer(of: peer, at: answer.address)
            return Outcome(peer: peer, result: .success(answer))
        } catch {
            // A look-up that ended says nothing about the peers it still asked.
            if !(error is CancellationError), !Task.isCancelled {
                count { $0.failed += 1 }
                noteFailure(of: peer)
            }
            return Outcome(peer: peer, result: .failure(error))
        }
    }

    private func take(
        _ answer: RequestSender.Answer, of peer: KadPeer, _ plan: LookupPlan,
        _ lookup: inout Lookup, _ known: inout [PeerID: [Multiaddr]]
    ) async -> Bool {
        let addresses = filter(namedFrom: answer.address)
        let filter = AnswerFilter(
            addresses: addresses, peersPerGroup: options.peersPerGroup, target: plan.target)
        var message = answer.message
        message.closerPeers = filter.kept(message.closerPeers).filter { $0.id != host.peerID }
        message.providerPeers = message.providerPeers.map {
            PeerInfo(id: $0.id, addresses: addresses.kept($0.addresses))
        }
        for closer in message.closerPeers {
            known[closer.id] = closer.addresses
            host.addressBook.add(
                closer.addresses, of: closer.id, lifetime: AddressLifetime.temporary)
        }
        lookup.answered(peer, closer: message.closerPeers.map { KadPeer($0.id) })
        plan.watch(
            .answered(peer.id, closer: message.closerPeers, providers: message.providerPeers))
        return await plan.take(peer.id, message)
    }

    /// Puts a peer that answered into the table, if it fits, and keeps its addresses.
    func noteAnswer(of peer: KadPeer, at address: Multiaddr) {
        let addresses = filter().kept(host.addressBook.addresses(of: peer.id))
        guard filter().admits(addresses) else { return }
        let now = now()
        let isNewOfFew = state.withLock { state in
            state.table.insert(peer, addresses: [address], now: now) == .added
                && state.table.count <= options.lowPeerCount
        }
        // Without a connection, addresses would be forgotten before the next sign of life is due.
        host.addressBook.add(
            addresses, of: peer.id,
            lifetime: options.table.graceTime + options.table.refreshInterval * 3)
        if isNewOfFew { refreshes.offer(.fewPeers) }
    }

    /// Takes a peer that did not answer out of the table.
    func noteFailure(of peer: KadPeer) {
        state.withLock { _ = $0.table.remove(peer) }
    }
}
