// SPDX-License-Identifier: Apache-2.0

import Bitswap
import BlockStore
import IPLD
import Libp2p
import Multiformats
import Synchronization
import TestSupport

/// The peer of this number.
func peer(_ number: UInt8) throws -> PeerID {
    try PeerID(
        Multihash(code: .identity, digest: [8, 1, 18, 32] + Array(repeating: number, count: 32)))
}

/// A raw block of these bytes.
func rawBlock(_ bytes: [UInt8]) throws -> Block {
    Block(cid: CID(v1: .raw, try HashFunction.sha2_256.multihash(of: bytes.span)), bytes: bytes)
}

/// A raw block of so many bytes that no other number gives.
func rawBlock(_ number: Int, byteCount: Int = 100) throws -> Block {
    var generator = SeededGenerator(seed: UInt64(number))
    var bytes = Array("\(number) ".utf8)
    while bytes.count < byteCount {
        withUnsafeBytes(of: generator.next()) { bytes += $0 }
    }
    return try rawBlock(Array(bytes.prefix(max(byteCount, 1))))
}

func cid(_ number: Int) throws -> CID { try rawBlock(number).cid }

/// A peer with a store and a running service.
struct Node {
    let host: MemoryHost
    let store = MemoryBlockStore()
    let service: BitswapService

    init(
        _ number: UInt8, in network: MemoryNetwork, routing: (any ContentRouting)? = nil,
        options: BitswapOptions = BitswapOptions(), clock: any Clock<Duration> = ContinuousClock()
    ) throws {
        host = network.makeHost(try peer(number))
        service = BitswapService(
            host: host, store: store, routing: routing, options: options, clock: clock)
    }

    func connect(to other: MemoryHost) async throws {
        try await host.connect(to: other.peerID, at: other.addresses)
    }
}

/// Runs the services of `nodes` while `body` runs.
func running(_ nodes: [Node], _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for node in nodes { group.addTask { try? await node.service.run() } }
        for node in nodes { await node.ready() }
        do { try await body() } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
    }
    for node in nodes { await node.host.close() }
}

extension Node {
    /// Waits until the service answers.
    func ready() async {
        let other = host.network.makeHost(
            (try? peer(255 - UInt8.random(in: 0..<100))) ?? host.peerID)
        while true {
            do {
                try await other.connect(to: host.peerID, at: host.addresses)
                try await other.openStream(to: host.peerID, for: [.blockRead]).reset()
                break
            } catch {
                await Task.yield()
            }
        }
        await other.close()
    }
}

/// Providers that are known beforehand.
final class KnownProviders: ContentRouting {
    private let providers: [Multihash: [PeerInfo]]
    private let queries = Mutex(0)

    /// How often anybody asked.
    var queryCount: Int { queries.withLock { $0 } }

    init(_ providers: [Multihash: [PeerInfo]]) { self.providers = providers }

    func findProviders(
        of multihash: Multihash, limit: Int, _ found: @escaping @Sendable (PeerInfo) async -> Bool
    ) async throws {
        queries.withLock { $0 += 1 }
        for provider in (providers[multihash] ?? []).prefix(limit) {
            guard await found(provider) else { return }
        }
    }
}

/// A clock that stands still until it is moved.
final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct State {
        var now = Instant(offset: .zero)
        var sleepers: [Int: (until: Instant, continuation: CheckedContinuation<Void, any Error>)] =
            [:]
        var cancelled: Set<Int> = []
        var nextID = 0
    }

    private let state = Mutex(State())

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[id] = (deadline, continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                if state.sleepers[id] == nil { state.cancelled.insert(id) }
                return state.sleepers.removeValue(forKey: id)?.continuation
            }
            sleeper?.resume(throwing: CancellationError())
        }
    }

    /// Moves the clock and wakes whoever was due.
    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Moves the clock in small steps until `condition` holds.
    func advance(until condition: () async -> Bool) async {
        while await !condition() {
            advance(by: .milliseconds(250))
            for _ in 0..<20 { await Task.yield() }
        }
    }
}
