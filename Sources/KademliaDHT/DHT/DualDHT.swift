// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats
import Synchronization

/// The DHT of the internet and that of the local network, used as one.
///
/// Searches ask both; announcements go to the internet's while that has peers, else to the local
/// network's, as those of other implementations do.
public final class DualDHT: Sendable {
    /// The internet's.
    public let wan: DHT
    /// The local network's.
    public let lan: DHT

    /// Puts two DHTs of one host together.
    public init(wan: DHT, lan: DHT) {
        precondition(wan.host.peerID == lan.host.peerID, "two DHTs of two hosts")
        self.wan = wan
        self.lan = lan
    }

    /// The one that announcements go to now.
    public var active: DHT { wan.tablePeers.isEmpty ? lan : wan }

    /// Runs both until cancelled.
    ///
    /// - Throws: as ``DHT/run()``.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.wan.run() }
            group.addTask { try await self.lan.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

extension DualDHT: ContentRouting, PeerRouting, ProviderRouting {
    /// As ``DHT/findProviders(of:limit:_:)``, in both at once.
    ///
    /// - Throws: what the internet's DHT throws if both fail.
    public func findProviders(
        of multihash: Multihash, limit: Int,
        _ found: @escaping @Sendable (PeerInfo) async -> Bool
    ) async throws {
        let merged = Mutex((seen: Set<PeerID>(), isOver: false))
        let report: @Sendable (PeerInfo) async -> Bool = { provider in
            let (isOver, isNew) = merged.withLock { merged in
                guard !merged.isOver, merged.seen.count < limit else { return (true, false) }
                return (false, merged.seen.insert(provider.id).inserted)
            }
            if isOver { return false }
            guard isNew else { return true }
            let goesOn = await found(provider)
            if !goesOn { merged.withLock { $0.isOver = true } }
            return goesOn
        }
        async let fromLAN: Void = lan.findProviders(of: multihash, limit: limit, report)
        var failure: (any Error)?
        do { try await wan.findProviders(of: multihash, limit: limit, report) } catch {
            failure = error
        }
        do { try await fromLAN } catch { if let failure { throw failure } }
        try Task.checkCancellation()
    }

    /// As ``DHT/findPeer(_:)``, in both at once; the first that finds it answers.
    public func findPeer(_ peer: PeerID) async throws -> PeerInfo? {
        try await withThrowingTaskGroup(of: PeerInfo?.self) { group in
            for dht in [lan, wan] { group.addTask { try await dht.findPeer(peer) } }
            defer { group.cancelAll() }
            for try await located in group where located != nil { return located }
            return nil
        }
    }

    /// This peer.
    public var localPeer: PeerID { wan.localPeer }

    /// As ``DHT/closestPeers(to:)``, in the active DHT.
    public func closestPeers(to key: [UInt8]) async throws -> [PeerInfo] {
        try await active.closestPeers(to: key)
    }

    /// As ``DHT/announce(_:to:)``, in the active DHT.
    @discardableResult
    public func announce(
        _ keys: some Sequence<Multihash>, to peer: PeerInfo
    ) async throws -> Int {
        try await active.announce(keys, to: peer)
    }

    /// As ``DHT/provide(_:_:)``, in the active DHT.
    @discardableResult
    public func provide(
        _ multihash: Multihash, _ watch: @escaping @Sendable (LookupEvent) -> Void = { _ in }
    ) async throws -> ProvideReport {
        try await active.provide(multihash, watch)
    }
}
