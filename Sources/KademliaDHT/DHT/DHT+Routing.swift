// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats
import Synchronization

extension DHT: ContentRouting {
    /// As in `ContentRouting`: first what this peer's own store knows, then the DHT.
    ///
    /// Providers whose addresses nobody named come last, after their own look-up.
    /// - Throws: ``DHTError`` with `noPeers` if nobody could be asked and nothing was found;
    ///   ``ProviderStoreError``; `CancellationError`.
    public func findProviders(
        of multihash: Multihash, limit: Int,
        _ found: @escaping @Sendable (PeerInfo) async -> Bool
    ) async throws {
        let search = ProviderSearch(limit: limit, own: host.peerID, found)
        let stored = try await store.providers(of: multihash, limit: limit, now: wallClock())
        for provider in stored { await report(provider, to: search) }
        if !search.isOver {
            var plan = LookupPlan(request: KademliaMessage(.getProviders, key: multihash.bytes))
            plan.take = { _, answer in
                for provider in answer.providerPeers { await self.report(provider, to: search) }
                return !search.isOver
            }
            do { _ = try await look(plan) } catch let error as DHTError {
                guard error.code == .noPeers, search.foundCount > 0 else { throw error }
            }
        }
        for peer in search.withoutAddresses {
            guard !search.isOver else { return }
            // A provider that cannot be located is told all the same: the caller may know it.
            if let located = try await findPeer(peer), !located.addresses.isEmpty {
                await search.report(located)
            } else {
                await search.reportUnlocated(peer)
            }
        }
    }

    private func report(_ provider: PeerInfo, to search: ProviderSearch) async {
        var provider = provider
        if provider.addresses.isEmpty {
            provider.addresses = filter().kept(host.addressBook.addresses(of: provider.id))
        } else {
            host.addressBook.add(
                provider.addresses, of: provider.id, lifetime: AddressLifetime.temporary)
        }
        await search.report(provider)
    }
}

/// What one search for providers has found.
private final class ProviderSearch: Sendable {
    private struct State {
        var found: Set<PeerID> = []
        var withoutAddresses: [PeerID] = []
        var isRefused = false
    }

    /// Providers without addresses that are located at most.
    private static let locatedCount = 8

    private let limit: Int
    private let own: PeerID
    private let found: @Sendable (PeerInfo) async -> Bool
    private let state = Mutex(State())

    init(limit: Int, own: PeerID, _ found: @escaping @Sendable (PeerInfo) async -> Bool) {
        self.limit = limit
        self.own = own
        self.found = found
    }

    var foundCount: Int { state.withLock { $0.found.count } }

    var isOver: Bool { state.withLock { $0.isRefused || $0.found.count >= limit } }

    /// Providers that were named without an address, and not with one since.
    var withoutAddresses: [PeerID] {
        state.withLock { state in state.withoutAddresses.filter { !state.found.contains($0) } }
    }

    /// Tells the caller of a provider that is new and has addresses; notes one without.
    func report(_ provider: PeerInfo) async {
        let isNew = state.withLock { state in
            guard !state.isRefused, state.found.count < limit, provider.id != own,
                !state.found.contains(provider.id)
            else { return false }
            guard !provider.addresses.isEmpty else {
                if state.withoutAddresses.count < Self.locatedCount,
                    !state.withoutAddresses.contains(provider.id)
                {
                    state.withoutAddresses.append(provider.id)
                }
                return false
            }
            state.found.insert(provider.id)
            return true
        }
        guard isNew, await !found(provider) else { return }
        state.withLock { $0.isRefused = true }
    }

    /// Tells the caller of a provider that nobody could locate.
    func reportUnlocated(_ peer: PeerID) async {
        let isNew = state.withLock { state in
            !state.isRefused && state.found.count < limit && state.found.insert(peer).inserted
        }
        guard isNew, await !found(PeerInfo(id: peer, addresses: [])) else { return }
        state.withLock { $0.isRefused = true }
    }
}

extension DHT: PeerRouting {
    /// As in `PeerRouting`: a connected peer's addresses are known; others are looked up.
    ///
    /// - Throws: `CancellationError`.
    public func findPeer(_ peer: PeerID) async throws -> PeerInfo? {
        try await findPeer(peer) { _ in }
    }

    /// As ``findPeer(_:)``; `watch` is told each step.
    public func findPeer(
        _ peer: PeerID, _ watch: @escaping @Sendable (LookupEvent) -> Void
    ) async throws -> PeerInfo? {
        if peer == host.peerID { return PeerInfo(id: peer, addresses: ownAddresses) }
        if host.isConnected(to: peer) {
            let addresses = host.addressBook.addresses(of: peer)
            if !addresses.isEmpty { return PeerInfo(id: peer, addresses: addresses) }
        }
        let located = Mutex<PeerInfo?>(nil)
        var plan = LookupPlan(
            request: KademliaMessage(.findNode, key: peer.bytes), target: peer, watch: watch)
        plan.take = { _, answer in
            guard let info = answer.closerPeers.first(where: { $0.id == peer }),
                !info.addresses.isEmpty
            else { return true }
            located.withLock { $0 = info }
            return false
        }
        do { _ = try await look(plan) } catch let error as DHTError where error.code == .noPeers {
            return nil
        }
        return located.withLock { $0 }
    }
}
