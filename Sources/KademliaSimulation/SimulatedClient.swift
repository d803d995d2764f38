// SPDX-License-Identifier: Apache-2.0

public import KademliaDHT
public import Libp2p
public import Multiformats

/// A peer of a simulation that announces and searches: what a strategy sees of the network.
///
/// It is online all the time. To be used by tasks within ``Simulation/run(_:)``.
public final class SimulatedClient: ProviderRouting, @unchecked Sendable {
    // Sendable: used on the simulation's thread only, as the simulation itself.

    /// Its network.
    public let simulation: Simulation
    /// Messages that it sent.
    public var counts: MessageCounts { simulation.clientCounts }
    private let index: Int

    /// Adds a peer that knows what an old one would: it has joined by look-ups.
    public init(in simulation: Simulation) {
        self.simulation = simulation
        index = simulation.addPeer()
        simulation.join(index, departing: false)
    }

    /// This peer.
    public var localPeer: PeerID { simulation.peers[index].kad.id }

    /// As in `ProviderRouting`.
    public func closestPeers(to key: [UInt8]) async throws -> [PeerInfo] {
        await withCheckedContinuation { continuation in
            simulation.lookUp(from: index, KadKey(hashing: key), counting: \.clientCounts) { run in
                continuation.resume(
                    returning: run.lookup.result.map { PeerInfo(id: $0.id, addresses: []) })
            }
        }
    }

    /// As in `ProviderRouting`; a peer that is gone is a `refused`.
    @discardableResult
    public func announce(
        _ keys: some Sequence<Multihash>, to peer: PeerInfo
    ) async throws -> Int {
        let keys = Array(keys)
        guard let other = simulation.indexes[KadKey(peer.id)] else {
            throw DHTError(.refused, peer: peer.id, "nobody has that ID")
        }
        let isTaken = await withCheckedContinuation { continuation in
            simulation.store(keys, of: index, at: other, counting: \.clientCounts) {
                continuation.resume(returning: $0)
            }
        }
        guard isTaken else { throw DHTError(.refused, peer: peer.id, "the peer is gone") }
        return keys.count
    }
}

/// The clock of a simulation.
public struct SimulationClock: Clock {
    /// A time since the start.
    public struct Instant: InstantProtocol {
        /// The time since the start.
        public let elapsed: Duration

        /// The instant `duration` later.
        public func advanced(by duration: Duration) -> Instant {
            Instant(elapsed: elapsed + duration)
        }

        /// The time until `other`.
        public func duration(to other: Instant) -> Duration { other.elapsed - elapsed }

        /// Whether `left` comes first.
        public static func < (left: Instant, right: Instant) -> Bool {
            left.elapsed < right.elapsed
        }
    }

    private let simulation: Simulation

    /// The clock of `simulation`.
    public init(_ simulation: Simulation) { self.simulation = simulation }

    /// The time that it is there.
    public var now: Instant { Instant(elapsed: simulation.now) }

    /// How fine it is: there is nothing in between.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Waits until the simulation is there; a cancellation is noticed only then.
    ///
    /// - Throws: `CancellationError`.
    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        await withCheckedContinuation { continuation in
            let delay = max(deadline.elapsed - simulation.now, .zero)
            simulation.schedule(after: delay) { continuation.resume() }
        }
        try Task.checkCancellation()
    }
}
