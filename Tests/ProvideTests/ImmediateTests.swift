// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import Provide
import Synchronization
import Testing
import UnixFS

struct ImmediateTests {
    @Test func `a root that another process commits is announced before its blocks are filled in`()
        async throws
    {
        let scene = try await AnnounceScene(serverCount: 40)
        let other = try await SQLiteCatalog.open(at: scene.catalog.path)
        scene.isFillHeld.withLock { $0 = true }
        let announcer = scene.announcer()
        let root = try rawCID(7)
        let key = Array(root.multihashBytes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await announcer.run() }
            while try await announcer.status().connectivity != "online" { await Task.yield() }
            try await scene.commit(multihashes(0..<50), to: other)
            try await other.add(scene.snapshot("a", roots: [root], record: try rawCID(8)))
            while scene.swarm.records.count(where: { $0.value[key] != nil }) < 20 {
                await Task.yield()
            }
            #expect(try await announcer.status().keyCount == 2)
            scene.isFillHeld.withLock { $0 = false }
            announcer.stop()
            try await group.waitForAll()
        }
        try await other.close()
        #expect(scene.swarm.records.values.allSatisfy { $0[key] ?? 1 == 1 })
    }

    @Test func `a CID is announced on demand if it is held`() async throws {
        let scene = try await AnnounceScene(serverCount: 40)
        try await scene.commit(multihashes(0..<2))
        let identity = CID(v1: .raw, Multihash(code: .identity, digest: [1, 2, 3]))
        try await scene.commit([Array(identity.multihashBytes)])
        var options = AnnounceScene.options
        options.strategy = .roots
        let announcer = scene.announcer(options)
        let cids = [try rawCID(0), try rawCID(99), identity, try rawCID(1)]
        #expect(
            try await announcer.announceNow(cids) == [
                .announced(peerCount: 20), .notHeld, .needsNone, .announced(peerCount: 20),
            ])
        #expect(scene.swarm.sentCount == 40)
        #expect(scene.swarm.lookupCount == 2)
        // From then on they are kept announced.
        scene.now.withLock { $0 += 23 * 3600 }
        try await scene.announcer(options).runOnce()
        #expect(scene.swarm.sentCount == 80)
        scene.swarm.setOnline(false)
        #expect(try await announcer.announceNow([try rawCID(0)]) == [.failed])
    }

    @Test(arguments: [(40, 11), (3, 2)])
    func `a single key that less than half of its servers took stays due until half do`(
        serverCount: Int, refusingCount: Int
    ) async throws {
        let scene = try await AnnounceScene(serverCount: serverCount)
        try await scene.commit(multihashes(0..<1))
        var options = AnnounceScene.options
        options.strategy = .roots
        // The clock stands still, so that nothing is tried again in the first run.
        options.retry = .init(first: .seconds(60), longest: .seconds(60))
        let announcer = scene.announcer(options)
        let root = try rawCID(0)
        let wanted = scene.swarm.nearest(to: Array(root.multihashBytes), 20)
        scene.swarm.setRefusing(Array(wanted.prefix(refusingCount)))
        #expect(try await announcer.announceNow([root]) == [.failed])
        try await announcer.runOnce()
        var status = try await announcer.status()
        #expect(status.freshCount == 1)
        #expect(status.failingRegionCount == 1)
        let reach = "\(wanted.count - refusingCount) of \(wanted.count) peers took a record"
        #expect(status.errors.contains { $0.contains(reach) })
        scene.swarm.setRefusing(Array(wanted.prefix(refusingCount - 1)))
        scene.now.withLock { $0 += 61 }
        try await announcer.runOnce()
        status = try await announcer.status()
        #expect(status.freshCount == 0)
        #expect(status.failingRegionCount == 0)
    }

    @Test(arguments: [
        ("roots", [0]), ("snapshots", [1]), ("snapshots+roots", [0, 1]),
        ("entities", [0, 2, 3, 4, 5, 6]),
    ])
    func `a strategy announces what it names`(text: String, expected: [Int]) async throws {
        let scene = try await AnnounceScene(serverCount: 40)
        let tree = try Tree()
        try await scene.store(tree.blocks)
        try await scene.catalog.add(
            scene.snapshot("a", roots: [tree.root], record: tree.record))
        var options = AnnounceScene.options
        options.strategy = try #require(ProvideStrategy(text: text))
        let announcer = scene.announcer(options)
        try await announcer.runOnce()
        let announced = Set(scene.swarm.records.values.flatMap(\.keys))
        #expect(announced == Set(expected.map { Array(tree.named[$0].multihashBytes) }))
        #expect(try await announcer.status().keyCount == expected.count)
        // A second snapshot of the same tree brings nothing new.
        let count = scene.swarm.sentCount
        try await scene.catalog.add(
            scene.snapshot("b", roots: [tree.root], record: tree.record))
        try await scene.announcer(options).runOnce()
        #expect(scene.swarm.sentCount == count)
    }

    @Test func `a directory that was announced on demand is still walked`() async throws {
        let scene = try await AnnounceScene(serverCount: 40)
        let tree = try Tree()
        try await scene.store(tree.blocks)
        var options = AnnounceScene.options
        options.strategy = .entities
        let announcer = scene.announcer(options)
        #expect(
            try await announcer.announceNow([tree.named[6]]) == [.announced(peerCount: 20)])
        try await scene.catalog.add(
            scene.snapshot("a", roots: [tree.root], record: tree.record))
        try await announcer.runOnce()
        let announced = Set(scene.swarm.records.values.flatMap(\.keys))
        #expect(announced == Set(tree.entities.map { Array($0.multihashBytes) }))
    }

    @Test(arguments: [BlockStoreError.Code.corrupt, .notFound, .mismatch])
    func `a directory that cannot be read is passed over`(
        code: BlockStoreError.Code
    ) async throws {
        let scene = try await AnnounceScene(serverCount: 40)
        let tree = try Tree()
        try await scene.store(tree.blocks)
        try await scene.catalog.add(
            scene.snapshot("a", roots: [tree.root], record: tree.record))
        let directory = tree.named[6]
        scene.failures.withLock { $0[directory] = code }
        var options = AnnounceScene.options
        options.strategy = .entities
        // It returns once the snapshot has been looked through.
        try await scene.announcer(options).runOnce()
        let announced = Set(scene.swarm.records.values.flatMap(\.keys))
        #expect(
            announced == Set([0, 2, 3, 4].map { Array(tree.named[$0].multihashBytes) }))
    }

    @Test func `a snapshot whose storage does not answer holds up no other`() async throws {
        let scene = try await AnnounceScene(serverCount: 40)
        let (first, second) = (try Tree(), try Tree(salt: 10))
        try await scene.store(first.blocks + second.blocks)
        scene.failures.withLock { $0[first.root] = .failed }
        for (id, tree) in [("a", first), ("b", second)] {
            try await scene.catalog.add(
                scene.snapshot(id, roots: [tree.root], record: tree.record))
        }
        var options = AnnounceScene.options
        options.strategy = .entities
        let announcer = scene.announcer(options)
        let inner = Array(second.named[5].multihashBytes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await announcer.run() }
            while !scene.swarm.records.values.contains(where: { $0[inner] != nil }) {
                await Task.yield()
            }
            scene.failures.withLock { $0 = [:] }
            let count = first.entities.count + second.entities.count
            while try await announcer.status().keyCount < count { await Task.yield() }
            announcer.stop()
            try await group.waitForAll()
        }
    }

    @Test func `another strategy begins anew`() async throws {
        let scene = try await AnnounceScene(serverCount: 40)
        let tree = try Tree()
        try await scene.store(tree.blocks)
        try await scene.catalog.add(
            scene.snapshot("a", roots: [tree.root], record: tree.record))
        let all = scene.announcer()
        try await all.runOnce()
        #expect(try await all.status().keyCount == tree.blocks.count)
        var options = AnnounceScene.options
        options.strategy = .roots
        let roots = scene.announcer(options)
        try await roots.runOnce()
        #expect(try await roots.status().keyCount == 1)
    }

    @Test(arguments: ["", "roots+", "nodes", "all roots"])
    func `what is no strategy is none`(text: String) {
        #expect(ProvideStrategy(text: text) == nil)
    }
}

/// A directory with a file of two blocks, a raw file, a link, and a directory with a file.
private struct Tree {
    let blocks: [Block]
    let root: CID
    let record: CID
    /// Root, record, then the other entities.
    let named: [CID]

    /// What the strategy `entities` names.
    var entities: [CID] { [root] + named[2...] }

    /// - Parameter salt: makes all blocks others.
    init(salt: UInt8 = 0) throws {
        var blocks: [Block] = []
        func store(_ codec: Multicodec, _ bytes: [UInt8]) throws -> CID {
            let cid = try CIDBuilder().cid(codec: codec, hashing: bytes.span)
            blocks.append(Block(cid: cid, bytes: bytes))
            return cid
        }
        func node(_ data: UnixFSData, _ links: [(String, CID)]) throws -> CID {
            let links = links.map { PBLink(hash: $0.1, name: Array($0.0.utf8), tsize: 1) }
            return try store(.dagPB, PBNode(links: links, data: data.encode()).encode())
        }
        let first = try store(.raw, [1 + salt])
        let second = try store(.raw, [2 + salt])
        let file = try node(
            UnixFSData(kind: .file, filesize: 2, blocksizes: [1, 1]), [("", first), ("", second)])
        let small = try store(.raw, [3 + salt])
        let link = try node(UnixFSData(kind: .symlink, data: [0x61 + salt]), [])
        let inner = try store(.raw, [4 + salt])
        let directory = try node(UnixFSData(kind: .directory), [("inner", inner)])
        root = try node(
            UnixFSData(kind: .directory),
            [("directory", directory), ("file", file), ("link", link), ("small", small)])
        record = try store(.dagCBOR, [0xa0 + salt])
        self.blocks = blocks
        named = [root, record, file, small, link, inner, directory]
    }
}
