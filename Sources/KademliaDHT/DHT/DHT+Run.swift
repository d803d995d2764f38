// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Logging
import Multiformats
import Synchronization

extension DHT {
    /// How long an idle stream for requests is kept: half of what servers wait.
    private static let idleLifetime = Duration.seconds(30)

    /// Serves, if the mode says so, and tends table and store, until cancelled.
    ///
    /// Run it once.
    ///
    /// When it returns, nothing of this DHT is left running but the requests of callers, and the
    /// provider store is flushed.
    /// - Throws: nothing but what ends it unforeseen; being cancelled is no error.
    public func run() async throws {
        let wasRunning = state.withLock { state in
            defer { state.isRunning = true }
            return state.isRunning
        }
        precondition(!wasRunning, "a DHT runs once at a time")
        let observation = host.observe { [weak self] in self?.note($0) }
        setServing()
        for peer in host.connectedPeers { consider(peer) }
        var failure: (any Error)?
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.admitCandidates() }
                group.addTask { try await self.refreshWhenDue() }
                group.addTask {
                    try await self.every(self.options.table.refreshInterval) {
                        self.refreshes.offer(.interval)
                    }
                }
                group.addTask { try await self.keepTableFilled() }
                group.addTask { try await self.tendStore() }
                group.addTask {
                    try await self.every(Self.idleLifetime) {
                        await self.sender.closeIdle(for: Self.idleLifetime)
                    }
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch { failure = error is CancellationError ? nil : error }
        observation.cancel()
        state.withLock { $0.isRunning = false }
        setServing()
        await sender.closeIdle(for: .zero)
        await flushAtEnd()
        if let failure { throw failure }
    }

    /// Tells the DHT whether strangers can dial this host; in the auto modes it serves accordingly.
    public func setReachability(_ reachability: Reachability) {
        state.withLock { $0.reachability = reachability }
        setServing()
    }

    /// Starts or stops to answer, as mode and reachability say.
    private func setServing() {
        let isServing: Bool? = state.withLock { state in
            let should =
                switch options.mode {
                case .client: false
                case .server: true
                case .auto: state.reachability == .reachable
                case .autoServer: state.reachability != .unreachable
                }
            let wanted = should && state.isRunning
            guard wanted != state.isServing else { return nil }
            state.isServing = wanted
            return wanted
        }
        switch isServing {
        case true?:
            host.handle([options.protocolID], limits: options.streams) { [weak self] stream in
                guard let self else { throw ServerRefusal.full }
                try await self.serve(stream)
            }
        case false?: host.stopHandling([options.protocolID])
        case nil: break
        }
    }

    func every(_ interval: Duration, _ body: @Sendable () async throws -> Void) async throws {
        while true {
            try await clock.sleep(for: interval)
            try await body()
        }
    }

    /// Looks at what the host tells; called in order, and returns at once.
    private func note(_ event: HostEvent) {
        switch event {
        case .identified(let peer, let protocols):
            if protocols.contains(options.protocolID) {
                consider(peer)
            } else {
                // A server once, and a client now.
                noteFailure(of: KadPeer(peer))
            }
        case .connected, .disconnected, .addressesChanged: break
        }
    }

    /// Puts a peer that speaks the protocol in line for the table.
    func consider(_ peer: PeerID) {
        guard host.addressBook.protocols(of: peer)?.contains(options.protocolID) == true,
            filter().admits(host.addressBook.addresses(of: peer))
        else { return }
        let candidate = KadPeer(peer)
        guard !state.withLock({ $0.table.contains(candidate) }) else { return }
        candidates.offer(peer)
    }

    /// Checks candidates, as many at once as the queue lets through.
    private func admitCandidates() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                let peer = try await candidates.next()
                group.addTask {
                    await self.admit(peer)
                    self.candidates.finish(peer)
                }
            }
        }
    }

    /// Asks a peer for its own ID; who names anybody is a server that works.
    ///
    /// An empty answer is forgiven while the table is smaller than a bucket: in a network that
    /// starts, nobody knows anybody.
    private func admit(_ peer: PeerID) async {
        let candidate = KadPeer(peer)
        do {
            let answer = try await sender.request(
                KademliaMessage(.findNode, key: peer.bytes), to: peer)
            let count = state.withLock { $0.table.count }
            guard !answer.message.closerPeers.isEmpty || count < options.table.bucketSize else {
                logger.debug("peer names nobody", metadata: ["peer": "\(peer)"])
                return
            }
            noteAnswer(of: candidate, at: answer.address)
        } catch {
            logger.debug(
                "peer does not answer", metadata: ["peer": "\(peer)", "error": "\(error)"])
        }
    }

    /// Stores what was taken since the last flush, though the task is cancelled by now.
    private func flushAtEnd() async {
        do { try await store.flush() } catch let error as ProviderStoreError
            where error.code == .closed
        {
            // Whoever closed the store had it flushed.
        } catch {
            logger.error("provider records not written", metadata: ["error": "\(error)"])
        }
    }

    /// Flushes the provider store, and removes what has expired.
    private func tendStore() async throws {
        var sweptAt = now()
        while true {
            try await clock.sleep(for: options.flushInterval)
            do {
                try await store.flush()
                if now() - sweptAt >= options.sweepInterval {
                    sweptAt = now()
                    try await store.removeExpired(now: wallClock())
                }
            } catch let error as ProviderStoreError {
                // The records stay in memory, and are tried again.
                logger.error("provider records not written", metadata: ["error": "\(error)"])
            }
        }
    }
}
