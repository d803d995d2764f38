// SPDX-License-Identifier: Apache-2.0

import Catalog
import Libp2p
import Multiformats
import Provide
import Synchronization
import Testing

struct AnnouncerTests {
    /// Each key is at its nearest servers, and nowhere else.
    private static func expectAllPlaced(
        _ keys: [[UInt8]], in swarm: MemorySwarm, times: Int = 1
    ) {
        let records = swarm.records
        for key in keys {
            let holders = Set(records.filter { $0.value[key] != nil }.keys)
            #expect(holders == swarm.nearest(to: key, 20))
            #expect(records.values.allSatisfy { $0[key] ?? times == times })
        }
    }

    @Test(arguments: [1, 3, 19, 20, 21, 45, 400])
    func `each record reaches the 20 nearest servers, or all of a small swarm`(
        serverCount: Int
    ) async throws {
        let scene = try await AnnounceScene(serverCount: serverCount)
        let keys = multihashes(0..<800)
        try await scene.commit(keys)
        let announcer = scene.announcer()
        try await announcer.runOnce()
        Self.expectAllPlaced(keys, in: scene.swarm)
        let status = try await announcer.status()
        #expect(status.keyCount == keys.count)
        #expect(status.doneCount == keys.count)
        #expect(status.freshCount == 0)
        #expect(status.failingCount == 0)
    }

    @Test func `lookups grow with regions, not with keys`() async throws {
        var lookups: [Int] = []
        for count in [1_500, 12_000] {
            let scene = try await AnnounceScene(serverCount: 400)
            try await scene.commit(multihashes(0..<count))
            try await scene.announcer().runOnce()
            #expect(scene.swarm.sentCount == count * 20)
            lookups.append(scene.swarm.lookupCount)
        }
        #expect(lookups[1] <= lookups[0] + lookups[0] / 4)
        #expect(lookups[1] * 50 <= 12_000)
    }

    @Test(arguments: [3, 60])
    func `a restart in the middle repeats and loses nothing`(serverCount: Int) async throws {
        let scene = try await AnnounceScene(serverCount: serverCount)
        let keys = multihashes(0..<4_000)
        try await scene.commit(keys)
        var options = AnnounceScene.options
        options.workers.batch = 200
        let total = keys.count * min(serverCount, 20)
        for part in 1...3 {
            let announcer = scene.announcer(options)
            scene.swarm.onRecord { if $0 > total * part / 4 { announcer.stop() } }
            try await announcer.run()
        }
        #expect(scene.swarm.sentCount < total)
        scene.swarm.onRecord(nil)
        try await scene.announcer(options).runOnce()
        Self.expectAllPlaced(keys, in: scene.swarm)
    }

    @Test func `a run that was killed repeats no more than the batches in hand`() async throws {
        let scene = try await AnnounceScene(serverCount: 30)
        let keys = multihashes(0..<4_000)
        try await scene.commit(keys)
        var options = AnnounceScene.options
        options.workers.batch = 200
        let announcer = scene.announcer(options)
        let reached = Mutex<CheckedContinuation<Void, Never>?>(nil)
        scene.swarm.onRecord { sent in
            if sent > 20_000 { reached.withLock { $0.take() }?.resume() }
        }
        await withTaskGroup(of: Void.self) { group in
            await withCheckedContinuation { continuation in
                reached.withLock { $0 = continuation }
                group.addTask { _ = try? await announcer.run() }  // ends cancelled
            }
            group.cancelAll()
        }
        scene.swarm.onRecord(nil)
        try await scene.announcer(options).runOnce()
        let records = scene.swarm.records
        for key in keys {
            #expect(records.count { $0.value[key] != nil } == 20)
        }
        let repeated = scene.swarm.sentCount - keys.count * 20
        #expect(repeated <= options.workers.count * options.workers.batch * 20)
    }

    @Test func `everything is announced again in its turn, and not before`() async throws {
        let scene = try await AnnounceScene(serverCount: 100)
        let keys = multihashes(0..<1_000)
        try await scene.commit(keys)
        let announcer = scene.announcer()
        try await announcer.runOnce()
        let status = try await announcer.status()
        #expect(status.regionCount >= 3)
        try await scene.announcer().runOnce()
        #expect(scene.swarm.sentCount == keys.count * 20)
        // One interval on, by a few steps, each region has had one turn or two.
        for _ in 0..<11 {
            scene.now.withLock { $0 += 2 * 3600 }
            try await scene.announcer().runOnce()
        }
        #expect(scene.swarm.sentCount == keys.count * 40)
        for _ in 0..<11 {
            scene.now.withLock { $0 += 2 * 3600 }
            try await scene.announcer().runOnce()
        }
        Self.expectAllPlaced(keys, in: scene.swarm, times: 3)
    }

    @Test func `all can be asked for at once`() async throws {
        let scene = try await AnnounceScene(serverCount: 50)
        let keys = multihashes(0..<500)
        try await scene.commit(keys)
        let announcer = scene.announcer()
        try await announcer.runOnce()
        scene.now.withLock { $0 += 60 }
        try await announcer.announceAll()
        #expect(try await announcer.status().dueCount == keys.count)
        try await announcer.runOnce()
        Self.expectAllPlaced(keys, in: scene.swarm, times: 2)
    }

    @Test func `blocks that are gone are not announced any more`() async throws {
        let scene = try await AnnounceScene(serverCount: 50)
        let kept = multihashes(0..<300)
        let removed = multihashes(300..<600)
        try await scene.commit(kept)
        let pack = try await scene.commit(removed)
        try await scene.announcer().runOnce()
        try await scene.catalog.forget(packs: [pack])
        scene.now.withLock { $0 += 23 * 3600 }
        let announcer = scene.announcer()
        try await announcer.runOnce()
        #expect(scene.swarm.sentCount == (600 + 300) * 20)
        #expect(try await announcer.status().keyCount == 300)
    }

    @Test func `servers that do not answer are passed over`() async throws {
        let scene = try await AnnounceScene(serverCount: 120)
        let keys = multihashes(0..<1_000)
        try await scene.commit(keys)
        // They are found, and then take nothing.
        let silent = scene.swarm.servers.prefix(12).map(\.id)
        scene.swarm.onRecord { [swarm = scene.swarm] _ in swarm.setDeaf(Array(silent)) }
        let announcer = scene.announcer()
        try await announcer.runOnce()
        let records = scene.swarm.records
        for key in keys { #expect(records.count { $0.value[key] != nil } >= 8) }
        #expect(try await announcer.status().freshCount == 0)
    }

    @Test func `keys that too few servers took are announced again`() async throws {
        let scene = try await AnnounceScene(serverCount: 25)
        let keys = multihashes(0..<600)
        try await scene.commit(keys)
        var options = AnnounceScene.options
        // Those that refuse are given up long before the last batch.
        options.workers.batch = 50
        // The clock stands still, so that nothing is tried again in the first run.
        options.retry = .init(first: .seconds(60), longest: .seconds(60))
        scene.swarm.setRefusing(scene.swarm.servers.dropFirst(3).map(\.id))
        let announcer = scene.announcer(options)
        try await announcer.runOnce()
        #expect(scene.swarm.sentCount > 0)
        var status = try await announcer.status()
        #expect(status.freshCount == keys.count)
        #expect(status.failingRegionCount > 0)
        scene.swarm.setRefusing([])
        scene.now.withLock { $0 += 61 }
        try await announcer.runOnce()
        status = try await announcer.status()
        #expect(status.freshCount == 0)
        #expect(status.failingRegionCount == 0)
        let records = scene.swarm.records
        for key in keys {
            let holders = Set(records.filter { $0.value[key] != nil }.keys)
            #expect(holders.isSuperset(of: scene.swarm.nearest(to: key, 20)))
        }
    }

    @Test func `a node that nobody could dial is told so`() async throws {
        let scene = try await AnnounceScene(serverCount: 30)
        try await scene.commit(multihashes(0..<200))
        scene.swarm.setHasAddress(false)
        let announcer = scene.announcer()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await announcer.run() }
            var status = try await announcer.status()
            while status.failingRegionCount == 0 {
                await Task.yield()
                status = try await announcer.status()
            }
            #expect(status.lacksAddress)
            #expect(status.warning?.contains("--announce-address") == true)
            #expect(status.errors.contains { $0.contains("no address") })
            scene.swarm.setHasAddress(true)
            while status.freshCount > 0 {
                await Task.yield()
                status = try await announcer.status()
            }
            #expect(!status.lacksAddress)
            #expect(status.warning == nil)
            announcer.stop()
            try await group.waitForAll()
        }
    }

    @Test func `an announcer that never ran says nothing of the network`() async throws {
        let scene = try await AnnounceScene(serverCount: 30)
        try await scene.commit(multihashes(0..<50))
        try await scene.announcer().runOnce()
        let status = try await scene.announcer().status()
        #expect(status.keyCount == 50)
        #expect(!status.isRunning)
        #expect(status.warning == nil)
    }

    @Test func `without a network nothing is lost, and work goes on when it is back`()
        async throws
    {
        let scene = try await AnnounceScene(serverCount: 30)
        let keys = multihashes(0..<200)
        try await scene.commit(keys)
        scene.swarm.setOnline(false)
        let announcer = scene.announcer()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await announcer.run() }
            var status = try await announcer.status()
            while status.keyCount < keys.count {
                await Task.yield()
                status = try await announcer.status()
            }
            #expect(status.connectivity == "disconnected")
            #expect(status.warning != nil)
            scene.swarm.setOnline(true)
            while status.freshCount > 0 {
                await Task.yield()
                status = try await announcer.status()
            }
            announcer.stop()
            try await group.waitForAll()
        }
        Self.expectAllPlaced(keys, in: scene.swarm)
    }
}
