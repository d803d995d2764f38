// SPDX-License-Identifier: Apache-2.0

import Catalog
public import Multiformats

/// Announces a list of keys once by sweeping over the key space, without catalog or schedule.
///
/// The same machines as an ``Announcer``'s: for measurements, and for keys that nobody keeps.
public struct KeySweep: Sendable {
    private let network: any ProvideNetwork
    private let replication: Int

    /// Announces in that network, each key to `replication` peers.
    public init(_ network: any ProvideNetwork, replication: Int = 20) {
        self.network = network
        self.replication = replication
    }

    /// Announces all of `keys`, region after region.
    ///
    /// - Parameter bitCount: a guess of how long the prefix of a region is.
    /// - Returns: how many keys were taken by a peer.
    /// - Throws: what a lookup throws; a peer that fails is passed over.
    public func announce(_ keys: [Multihash], bitCount: Int) async throws -> Int {
        let sorted = keys.map { Announcement($0.bytes) }.sorted { $0.key < $1.key }
        let order = AnnounceKey(hashing: network.peerID.bytes)
        var rest = sorted[...]
        var taken = 0
        while let first = rest.first {
            var exploration = Exploration(
                KeyPrefix(of: first.key, bitCount: bitCount), order: order,
                minimumPeers: replication)
            var step = exploration.start()
            while case .lookUp(let key) = step {
                step = exploration.found(try await network.closestPeers(to: key))
            }
            for region in PeerRegion.regions(
                of: exploration.peers, in: exploration.prefix, minimumPeers: replication)
            {
                // A region that reaches back to before the first key was announced already there.
                let end = rest.partitionPoint { $0.key > region.prefix.highest }
                taken += try await send(Array(rest[..<end]), to: region)
                rest = rest[end...]
            }
        }
        return taken
    }

    private func send(_ keys: [Announcement], to region: PeerRegion) async throws -> Int {
        let plan = region.allocate(keys.map(\.key), replication: replication)
        var isTaken = [Bool](repeating: false, count: keys.count)
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for (index, ranges) in plan.enumerated() where !ranges.isEmpty {
                let peer = region.peers[index].info
                let multihashes = ranges.flatMap { keys[$0].map(\.multihash) }
                group.addTask {
                    do {
                        return try await network.announce(multihashes, to: peer) > 0 ? index : nil
                    } catch let error as CancellationError { throw error } catch {
                        // A peer that is gone is one record less.
                        return nil
                    }
                }
            }
            for try await index in group {
                guard let index else { continue }
                for range in plan[index] { for key in range { isTaken[key] = true } }
            }
        }
        return isTaken.count { $0 }
    }
}
