// SPDX-License-Identifier: Apache-2.0

import BlockStore
import ObjectStore
import PackStore
import Synchronization
import Testing

/// A clock that moves when somebody sleeps by it.
private final class SleepClock: Sendable {
    private let state = Mutex((now: ContinuousClock.now, slept: Duration.zero))

    var now: ContinuousClock.Instant { state.withLock { $0.now } }
    var slept: Duration { state.withLock { $0.slept } }

    func sleep(_ duration: Duration) {
        state.withLock {
            $0.now += duration
            $0.slept += duration
        }
    }

    func pace(_ bytesPerSecond: Int?, for duration: Duration? = nil) -> ReadPace {
        ReadPace(
            bytesPerSecond: bytesPerSecond, deadline: duration.map { now + $0 },
            now: { self.now }, sleep: { self.sleep($0) })
    }
}

@Suite struct ReadPaceTests {
    private let directory: TemporaryDirectory
    private let store: DirectoryObjectStore

    init() throws {
        directory = try TemporaryDirectory()
        store = try DirectoryObjectStore(path: directory.path)
    }

    @Test func `a pack is read at the pace that is asked for, and found sound`() async throws {
        let pack = try writePack(
            (0..<20).map { [try rawBlock([UInt8](repeating: UInt8($0), count: 50_000))] },
            into: store, compression: .none)
        let clock = SleepClock()
        let result = try await PackStore(tiers: [.hot: store]).verify(
            pack.id, tier: .hot, at: clock.pace(100_000))
        #expect(result.damage.isEmpty && result.soundBlockCount == 20)
        // Every byte is paid for but those of the last read.
        let seconds = clock.slept / .seconds(1)
        #expect(seconds > 9.4 && seconds < 11, "\(seconds)")
    }

    @Test func `when the time is up in the middle of a pack nothing is said of it`() async throws {
        let pack = try writePack(
            (0..<20).map { [try rawBlock([UInt8](repeating: UInt8($0), count: 50_000))] },
            into: store, compression: .none)
        let clock = SleepClock()
        let pace = clock.pace(100_000, for: .seconds(3))
        await #expect(throws: PackError.self) {
            try await PackStore(tiers: [.hot: store]).verify(pack.id, tier: .hot, at: pace)
        }
        #expect(pace.isOver)
        #expect(clock.slept <= .seconds(3))
    }
}
