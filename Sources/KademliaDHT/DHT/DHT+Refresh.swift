// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Logging
public import Multiformats
import Synchronization

extension DHT {
    /// Bootstrap peers that are dialled at once when the table is empty.
    private static let bootstrapCount = 2
    /// Silent peers that are pinged at once.
    private static let pingCount = 16

    /// Refreshes the table now: looks up this peer's own point and one of each prefix length that
    /// has not been looked up of late, or of all if `isForced`; pings peers that have been silent.
    ///
    /// - Throws: `CancellationError`.
    public func refresh(isForced: Bool = false) async throws {
        var plan = RefreshPlan(of: state.withLock { $0.table }, isForced: isForced)
        while let step = plan.nextStep(state.withLock { $0.table }, now: now()) {
            let key =
                switch step {
                case .own: host.peerID.bytes
                case .prefixLength(let length): randomKey(sharing: length)
                }
            do { _ = try await query(key) } catch let error as DHTError {
                logger.debug("refresh failed", metadata: ["error": "\(error)"])
                if error.code == .noPeers { return }
            }
        }
        try await pingSilentPeers()
    }

    /// Whether `peer` answers.
    ///
    /// - Throws: ``DHTError``, `HostError` or `PeerStreamError` if not; `CancellationError`.
    public func ping(_ peer: PeerID) async throws {
        _ = try await sender.request(KademliaMessage(.ping), to: peer)
    }

    private func randomKey(sharing length: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return Preimage.key(sharing: length, with: local.key, using: &generator)
    }

    /// Pings peers without a sign of life for the grace time; those that are silent leave.
    private func pingSilentPeers() async throws {
        let now = now()
        let silent = state.withLock { $0.table.silentPeers(now: now) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, peer) in silent.enumerated() {
                if index >= Self.pingCount { try await group.next() }
                group.addTask {
                    do {
                        let answer = try await self.sender.request(
                            KademliaMessage(.ping), to: peer.id)
                        self.noteAnswer(of: peer, at: answer.address)
                    } catch is CancellationError {
                        throw CancellationError()
                    } catch {
                        self.noteFailure(of: peer)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Refreshes whenever it is due.
    func refreshWhenDue() async throws {
        while true {
            let reason = try await refreshes.next()
            // Offers from here on are about what comes after the refresh began.
            refreshes.finish(reason)
            try await refresh()
        }
    }

    /// Sees now and then whether the table runs low.
    func keepTableFilled() async throws {
        while true {
            let count = state.withLock { $0.table.count }
            if count <= options.lowPeerCount {
                for peer in host.connectedPeers { consider(peer) }
                if count == 0 { await dialBootstrapPeers() } else { refreshes.offer(.fewPeers) }
            }
            try await clock.sleep(for: options.lowCheckInterval)
        }
    }

    /// Dials some of the bootstrap peers; identify makes candidates of them.
    private func dialBootstrapPeers() async {
        var peers = options.bootstrapPeers.filter { $0.id != host.peerID }.shuffled()
        while !peers.isEmpty, !Task.isCancelled {
            let batch = peers.prefix(Self.bootstrapCount)
            peers.removeFirst(batch.count)
            let reachedCount = await withTaskGroup(of: Bool.self) { group in
                for peer in batch {
                    group.addTask {
                        do {
                            try await self.host.connect(
                                to: peer.id, at: peer.addresses, names: .anywhere)
                            return true
                        } catch {
                            self.logger.debug(
                                "bootstrap peer not reached",
                                metadata: ["peer": "\(peer.id)", "error": "\(error)"])
                            return false
                        }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            if reachedCount > 0 { return }
        }
    }
}
