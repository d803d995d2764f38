// SPDX-License-Identifier: Apache-2.0

public import KademliaDHT
import Multiformats

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A network of thousands of DHT peers in one thread, with a clock of its own.
///
/// Each peer has a real routing table and a real table of provider records, and look-ups are real,
/// too: the values of `KademliaDHT`, driven by events. Streams, encryption and messages as bytes
/// are left out; a request and its answer are one event, at the time of the answer.
public final class Simulation: @unchecked Sendable {
    // Sendable: confined to the thread that calls `run`; tasks of strategies run on that thread,
    // too, by `SimulationExecutor`.

    /// One peer.
    struct Peer {
        let kad: KadPeer
        /// This end's share of a round trip.
        let latency: Duration
        var isOnline: Bool
        /// How often it has come online: what was scheduled before the last time is void.
        var session = 0
        var table: RoutingTable
        var records: ProviderTable
    }

    /// What the network is like.
    public let options: SimulationOptions
    /// The time since the start.
    public internal(set) var now = Duration.zero
    /// Messages of peers that tend their tables.
    public internal(set) var upkeep = MessageCounts()
    /// Messages of all clients.
    public internal(set) var clientCounts = MessageCounts()
    /// Messages of look-ups that measure.
    public internal(set) var readerCounts = MessageCounts()

    var peers: [Peer] = []
    var indexes: [KadKey: Int] = [:]
    var generator: SimulationGenerator
    var events = EventQueue()
    let executor = SimulationExecutor()

    /// Makes a network whose tables are as full as those of peers that have been there for long;
    /// the dead share of the peers is in them, too.
    public init(_ options: SimulationOptions = SimulationOptions()) {
        self.options = options
        generator = SimulationGenerator(seed: options.seed)
        for _ in 0..<options.peerCount { addPeer() }
        fillTables()
        for index in peers.indices {
            if Double.random(in: 0..<1, using: &generator) < options.deadShare {
                peers[index].isOnline = false
            } else {
                scheduleUpkeep(of: index)
                scheduleDeparture(of: index)
            }
        }
    }

    /// How many peers are online.
    public var onlineCount: Int { peers.count { $0.isOnline } }

    /// The peers that are online and nearest to `target`: what a perfect look-up finds.
    public func nearestOnline(to target: KadKey, count: Int = 20) -> [KadPeer] {
        peers.lazy.filter(\.isOnline).map(\.kad).nearest(to: target, count: count)
    }

    /// Makes things happen until `time`.
    public func run(until time: Duration) {
        executor.drain()
        while let next = events.nextTime, next <= time { step() }
        now = max(now, time)
    }

    /// Runs `body`, and the network beside it, until it has ended.
    ///
    /// It sees the network through clients and the clock of this simulation only; anything else
    /// that it waits for would not be waited for here.
    /// - Throws: what `body` throws.
    public func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        var result: Result<Value, any Error>?
        let finished = Completion<Value>()
        // Unstructured: owned by this call, which returns after it has ended.
        Task(executorPreference: executor) {
            do { finished.result = .success(try await body()) } catch {
                finished.result = .failure(error)
            }
        }
        while true {
            executor.drain()
            result = finished.result
            if let result { return try result.get() }
            precondition(events.nextTime != nil, "the simulation waits for something outside")
            step()
        }
    }

    /// Calls `action` after `delay`.
    func schedule(after delay: Duration, _ action: @escaping () -> Void) {
        events.schedule(at: now + delay, action)
    }

    private func step() {
        guard let event = events.popFirst() else { return }
        now = event.time
        event.action()
        executor.drain()
    }

    /// Adds a peer with a new identity and an empty table; its index.
    @discardableResult
    func addPeer() -> Int {
        var key: [UInt8] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]
        for _ in 0..<4 {
            withUnsafeBytes(of: generator.next().bigEndian) { key.append(contentsOf: $0) }
        }
        // An identity multihash of 36 bytes, such as Ed25519 keys have, always is a peer ID.
        guard let id = try? PeerID(key) else { preconditionFailure("no peer ID: \(key)") }
        let peer = KadPeer(id)
        var table = RoutingTableOptions()
        table.diversity = nil
        let span = options.latencyShare.upperBound - options.latencyShare.lowerBound
        let latency =
            options.latencyShare.lowerBound + span * Double.random(in: 0...1, using: &generator)
        peers.append(
            Peer(
                kad: peer, latency: latency, isOnline: true,
                table: RoutingTable(local: peer, options: table), records: ProviderTable()))
        indexes[peer.key] = peers.count - 1
        return peers.count - 1
    }
}

/// Where a task of a simulation leaves its result.
private final class Completion<Value: Sendable>: @unchecked Sendable {
    // Sendable: written and read on the simulation's thread only.
    var result: Result<Value, any Error>?
}

/// The logarithm to base e.
func naturalLogarithm(_ value: Double) -> Double { log(value) }
