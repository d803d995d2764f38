// SPDX-License-Identifier: Apache-2.0

import Catalog
import Libp2p
import Multiformats
import TestSupport
import Testing

@testable import Provide

struct ExplorationTests {
    private static func explore(
        _ prefix: KeyPrefix, in swarm: MemorySwarm
    ) async throws -> Exploration {
        var exploration = Exploration(
            prefix, order: AnnounceKey(hashing: swarm.peerID.bytes), minimumPeers: 20)
        var step = exploration.start()
        while case .lookUp(let key) = step {
            step = exploration.found(try await swarm.closestPeers(to: key))
        }
        return exploration
    }

    @Test(arguments: [20, 21, 40, 150, 1_000, 3_000])
    func `all peers of a part of the key space are found with few lookups`(
        count: Int
    ) async throws {
        let swarm = MemorySwarm(serverCount: count, seed: SeededGenerator.runSeed)
        let all = Set(swarm.servers.map { AnnounceKey(hashing: $0.id.bytes) })
        for number in 0..<8 {
            let point = AnnounceKey(hashing: [UInt8(number)])
            // Some 25 peers per part, as the schedule would have it.
            let bitCount = max(Int.bitWidth - 1 - (count / 25).leadingZeroBitCount, 0)
            let exploration = try await Self.explore(
                KeyPrefix(of: point, bitCount: bitCount), in: swarm)
            let expected = all.filter { exploration.prefix.contains($0) }
            #expect(
                Set(exploration.peers.map(\.key)) == expected, "seed \(SeededGenerator.runSeed)")
            #expect(expected.count >= 20)
            #expect(exploration.prefix.contains(point))
            #expect(exploration.lookupCount <= 24)
        }
    }

    @Test(arguments: [0, 1, 2, 3, 7, 19])
    func `a swarm that is too small is found whole`(count: Int) async throws {
        let swarm = MemorySwarm(serverCount: count, seed: 3)
        let prefix = KeyPrefix(of: AnnounceKey(hashing: [9]), bitCount: 7)
        let exploration = try await Self.explore(prefix, in: swarm)
        #expect(exploration.peers.count == count)
        #expect(exploration.prefix == .all)
        #expect(exploration.lookupCount <= 24)
    }
}

struct AllocationTests {
    @Test(arguments: [1, 5, 20, 21, 33, 64, 200])
    func `each key goes to the peers nearest to it`(count: Int) {
        let swarm = MemorySwarm(serverCount: count, seed: SeededGenerator.runSeed)
        let peers = swarm.servers.map(ClosePeer.init).sorted { $0.key < $1.key }
        let region = PeerRegion(prefix: .all, peers: peers)
        let keys = multihashes(0..<300).map { AnnounceKey(hashing: $0) }.sorted()
        let plan = region.allocate(keys, replication: 20)
        for (index, key) in keys.enumerated() {
            let takers = Set(peers.indices.filter { peer in plan[peer].contains { $0 ~= index } })
            let nearest = Set(
                peers.indices.sorted { peers[$0].key ^ key < peers[$1].key ^ key }.prefix(20))
            #expect(takers == nearest, "seed \(SeededGenerator.runSeed)")
        }
        #expect(plan.joined().reduce(0) { $0 + $1.count } == keys.count * min(count, 20))
    }

    @Test(arguments: [19, 20, 39, 40, 500])
    func `regions are as small as they can be with 20 peers`(count: Int) {
        let swarm = MemorySwarm(serverCount: count, seed: 11)
        let peers = swarm.servers.map(ClosePeer.init).sorted { $0.key < $1.key }
        let regions = PeerRegion.regions(of: peers, in: .all, minimumPeers: 20)
        #expect(regions.flatMap(\.peers) == peers)
        for region in regions where regions.count > 1 { #expect(region.peers.count >= 20) }
        for region in regions {
            let halves = [false, true].map { bit in
                region.peers.count { region.prefix.child(bit).contains($0.key) }
            }
            #expect(halves.contains { $0 < 20 })
        }
    }
}

struct SweepScheduleTests {
    private static let hour: Int64 = 3600

    private static func schedule(_ prefixes: [String], now: Int64) throws -> SweepSchedule {
        var schedule = SweepSchedule(
            order: AnnounceKey(hashing: [1]), interval: 22 * hour, maximumDelay: hour,
            cycleStart: 1_000, regions: [])
        for text in prefixes {
            let prefix = try #require(KeyPrefix(text: text))
            schedule.schedule([
                AnnounceRegion(prefix: prefix, dueAt: schedule.slot(of: prefix, after: now))
            ])
        }
        return schedule
    }

    @Test func `slots fill the interval evenly and stay where they are`() throws {
        let prefixes = (0..<256).map {
            KeyPrefix(of: AnnounceKey(words: (UInt64($0) << 56, 0, 0, 0)), bitCount: 8)
        }
        let schedule = try Self.schedule([], now: 5_000)
        let offsets = prefixes.map { schedule.offset(of: $0) }.sorted()
        #expect(offsets.first == 0)
        for (index, offset) in offsets.enumerated() {
            #expect(abs(offset - Int64(index) * 22 * Self.hour / 256) <= 1)
        }
        for prefix in prefixes {
            let slot = schedule.slot(of: prefix, after: 123_456)
            #expect(slot > 123_456 && slot <= 123_456 + 22 * Self.hour)
            #expect(schedule.slot(of: prefix, after: slot) == slot + 22 * Self.hour)
            #expect(schedule.nextTurn(of: prefix, after: slot) == slot + 22 * Self.hour)
        }
    }

    @Test func `the part that has waited longest comes first, and nobody works where another does`()
        throws
    {
        var schedule = try Self.schedule(["00", "01", "1"], now: 1_000)
        let late = 1_000 + 23 * Self.hour
        var jobs: [SweepSchedule.Job] = []
        while let job = schedule.beginDue(at: late) { jobs.append(job) }
        #expect(jobs.count == 3)
        #expect(jobs.map(\.before) == jobs.map(\.before).sorted())
        expect(schedule.beginDue(at: late) == nil)
        let key = jobs[0].prefix.lowest
        expect(schedule.beginFresh(at: key, bitCount: 4, now: late).job == nil)
        expect(schedule.claim([.all], for: jobs[0]).isEmpty)
        schedule.end(jobs[0])
        expect(schedule.beginFresh(at: key, bitCount: 4, now: late).job != nil)
    }

    @Test func `a part that split keeps its keys scheduled within the interval`() throws {
        var schedule = try Self.schedule(["0", "1"], now: 1_000)
        let now = 1_000 + 22 * Self.hour
        let next = schedule.beginDue(at: now)
        let job = try #require(next)
        let done = [job.prefix.child(false), job.prefix.child(true)].map {
            DoneRegion(prefix: $0, keyCount: 10, peerCount: 25)
        }
        let change = schedule.succeed(job, done, started: now, now: now + 60)
        #expect(change.removed == [job.prefix])
        #expect(change.updated.count == 2)
        for region in change.updated {
            #expect(region.dueAt > now + 60)
            #expect(region.dueAt <= now + 23 * Self.hour)
        }
        #expect(schedule.gaps().isEmpty)
    }

    @Test func `announcing what is new leaves turns as they are`() throws {
        var schedule = try Self.schedule(["0", "10"], now: 1_000)
        let before = schedule.regions
        let key = AnnounceKey.highest
        let started = schedule.beginFresh(at: key, bitCount: 0, now: 2_000)
        let job = try #require(started.job)
        #expect(job.prefix == KeyPrefix(text: "11"))
        _ = schedule.succeed(
            job, [DoneRegion(prefix: .all, keyCount: 5, peerCount: 9)], started: 2_000, now: 2_001)
        #expect(schedule.regions.filter { before.map(\.prefix).contains($0.prefix) } == before)
        #expect(schedule.gaps().isEmpty)
    }

    @Test func `failures wait longer each time, and are tried again`() throws {
        var schedule = try Self.schedule(["0"], now: 1_000)
        let prefix = try #require(KeyPrefix(text: "0"))
        for attempt in 1...3 {
            let change = schedule.fail(prefix, error: "none", at: 5_000) { Int64($0) * 10 }
            #expect(change.updated.map(\.attempts) == [attempt])
            expect(schedule.beginDue(at: 5_000 + Int64(attempt) * 10 - 1) == nil)
        }
        let next = schedule.beginDue(at: 5_030)
        let job = try #require(next)
        // Its turn has not come: only what is new is announced.
        #expect(job.isFreshOnly)
    }
}

struct ConnectivityTests {
    private static let backoff = ProvideOptions.Backoff(first: .seconds(1), longest: .seconds(60))

    @Test func `two hours without an answer are offline, one answer is online`() {
        var connectivity = Connectivity(backoff: Self.backoff, now: .zero)
        #expect(connectivity.isCheckDue(at: .zero))
        expect(!connectivity.checked(isOnline: true, at: .seconds(1)))
        #expect(connectivity.state == .online)
        expect(connectivity.workFailed(at: .seconds(2)))
        expect(!connectivity.workFailed(at: .seconds(3)))
        expect(!connectivity.checked(isOnline: false, at: .seconds(3)))
        #expect(connectivity.state == .disconnected)
        #expect(!connectivity.isCheckDue(at: .seconds(3.5)))
        #expect(connectivity.isCheckDue(at: .seconds(4)))
        expect(!connectivity.checked(isOnline: false, at: .seconds(3 + 7_199)))
        #expect(connectivity.state == .disconnected)
        expect(!connectivity.checked(isOnline: false, at: .seconds(3 + 7_200)))
        #expect(connectivity.state == .offline)
        expect(connectivity.checked(isOnline: true, at: .seconds(9_000)))
        #expect(connectivity.state == .online)
    }
}

struct RateTests {
    @Test func `a limit spreads what exceeds it`() {
        var limit = RateLimit(perSecond: 100)
        expect(limit.take(100, at: .seconds(10)) == .zero)
        expect(limit.take(50, at: .seconds(10)) == .seconds(0.5))
        expect(limit.take(50, at: .seconds(10)) == .seconds(1))
        expect(limit.take(100, at: .seconds(20)) == .zero)
    }

    @Test func `a rate is that of the last minute`() {
        var meter = RateMeter()
        expect(meter.perSecond(at: .seconds(1)) == 0)
        meter.add(600, at: .seconds(100))
        meter.add(600, at: .seconds(130))
        expect(meter.perSecond(at: .seconds(159)) == 1_200.0 / 59)
        expect(meter.perSecond(at: .seconds(500)) == 0)
    }
}

/// Expects what a mutating call returns, which the macro cannot call itself.
private func expect(_ condition: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(condition, sourceLocation: sourceLocation)
}
