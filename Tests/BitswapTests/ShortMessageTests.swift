// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Synchronization
import Testing

@testable import Bitswap

@Suite(.timeLimit(.minutes(2)))
struct ShortMessageTests {
    @Test func `a flood of short messages lets others have their turn on the event loop`()
        async throws
    {
        let node = try Node(1, in: MemoryNetwork())
        let loop = SteppedLoop()
        let cancel = BitswapMessage(wants: [BitswapMessage.Want(try cid(1), isCancel: true)])
        let flood = Flood(
            Array(repeating: cancel.framed(.presences), count: 16).flatMap { $0 },
            readCount: 500, from: try peer(2), on: loop)
        let read = node.service.client.onAnswers.withLock { $0 }
        let end = End()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { end.isReached.store(true, ordering: .relaxed) }
                try await read(flood)
            }
            var longest = 0
            while !end.isReached.load(ordering: .relaxed) {
                let before = node.service.statistics.wantsReceived
                if !loop.runNext() { await Task.yield() }
                longest = max(longest, node.service.statistics.wantsReceived - before)
            }
            try await group.waitForAll()
            #expect(longest <= 64)
        }
        #expect(node.service.statistics.wantsReceived == 8_000)
    }
}

private final class End: Sendable {
    let isReached = Atomic(false)
}

/// An event loop that does one job whenever it is told to: what is between two jobs is one turn.
private final class SteppedLoop: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// Does the job that has waited longest; false if there is none.
    func runNext() -> Bool {
        let job = jobs.withLock { jobs -> UnownedJob? in
            jobs.isEmpty ? nil : jobs.removeFirst()
        }
        guard let job else { return false }
        job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }
}

/// A stream on which something can always be read, until it ends.
private final class Flood: PeerStream {
    let protocolID = ProtocolID.bitswap12
    let remotePeer: PeerID
    let remoteAddress = Multiaddr(components: [.ip4([127, 0, 0, 1]), .tcp(4001)])
    let isOutbound = false
    let executor: (any TaskExecutor)?
    private let bytes: [UInt8]
    private let readsLeft: Mutex<Int>

    /// Gives `bytes` with each of `readCount` reads.
    init(_ bytes: [UInt8], readCount: Int, from peer: PeerID, on executor: any TaskExecutor) {
        self.bytes = bytes
        remotePeer = peer
        self.executor = executor
        readsLeft = Mutex(readCount)
    }

    func read(atMost limit: Int) async throws -> [UInt8]? {
        readsLeft.withLock { left -> [UInt8]? in
            guard left > 0 else { return nil }
            left -= 1
            return bytes
        }
    }

    func write(_ bytes: [UInt8]) async throws {}
    func closeWrite() async throws {}
    func close() async {}
    func reset() {}
}
