// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import IPLD
import Logging
import Multiformats
import Provide
import Synchronization
import TestSupport

/// A catalog in a directory of its own, packs in memory, and a swarm.
final class AnnounceScene: AnnounceSource {
    let directory: TemporaryDirectory
    let catalog: SQLiteCatalog
    let swarm: MemorySwarm
    /// Seconds since 1970, moved by hand.
    let now = Mutex<Int64>(1_800_000_000)
    /// Keeps the indexes of packs from being read.
    let isFillHeld = Mutex(false)
    /// Blocks that cannot be read, and why.
    let failures = Mutex<[CID: BlockStoreError.Code]>([:])
    private let packs = Mutex<[PackID: [[UInt8]]]>([:])
    private let blocks = Mutex<[CID: Block]>([:])

    init(serverCount: Int, seed: UInt64 = 1) async throws {
        directory = try TemporaryDirectory()
        catalog = try await SQLiteCatalog.open(at: directory.url.path + "/catalog.sqlite")
        swarm = MemorySwarm(serverCount: serverCount, seed: seed)
    }

    /// Options that wait for nothing, and do one thing at a time where that matters.
    static var options: ProvideOptions {
        var options = ProvideOptions()
        options.pollInterval = .milliseconds(2)
        options.retry = .init(first: .milliseconds(5), longest: .milliseconds(20))
        options.connectivityCheck = .init(first: .milliseconds(2), longest: .milliseconds(5))
        return options
    }

    func announcer(_ options: ProvideOptions = options) -> Announcer {
        Announcer(
            network: swarm, catalog: catalog, source: self, options: options,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            wallClock: { [self] in now.withLock { $0 } })
    }

    /// Commits a pack of made-up blocks.
    @discardableResult
    func commit(_ multihashes: [[UInt8]], to catalog: SQLiteCatalog? = nil) async throws -> PackID {
        let id = PackID.make()
        packs.withLock { $0[id] = multihashes }
        let record = PackRecord(
            id: id, kind: .leaves, tier: .hot, blockCount: multihashes.count, byteCount: 0,
            storedByteCount: 0, createdAtMilliseconds: 0)
        try await (catalog ?? self.catalog).commit(
            record,
            blocks: multihashes.enumerated().map {
                NewBlock(multihash: $0.element, ordinal: UInt32($0.offset))
            })
        return id
    }

    /// Keeps blocks to be read, and commits them.
    func store(_ new: [Block]) async throws {
        blocks.withLock { blocks in for block in new { blocks[block.cid] = block } }
        try await commit(new.map { Array($0.cid.multihashBytes) })
    }

    func snapshot(_ id: String, roots: [CID], record: CID) -> SnapshotRecord {
        SnapshotRecord(
            id: id, startedAtMilliseconds: 1,
            finishedAtMilliseconds: now.withLock { $0 } * 1_000, sources: ["/data"],
            roots: roots.map { .init(name: "data", cid: $0.bytes) }, host: "box",
            recordCID: record.bytes)
    }

    func multihashes(of pack: PackRecord) async throws -> [[UInt8]] {
        while isFillHeld.withLock({ $0 }) { await Task.yield() }
        return multihashes(of: pack.id)
    }

    private func multihashes(of pack: PackID) -> [[UInt8]] {
        packs.withLock { $0[pack] ?? [] }
    }

    func block(_ cid: CID) async throws -> Block {
        if let code = failures.withLock({ $0[cid] }) {
            throw BlockStoreError(code, cid: cid, message: "made up")
        }
        guard let block = blocks.withLock({ $0[cid] }) else { throw BlockStoreError.notFound(cid) }
        return block
    }
}

/// Made-up SHA-256 multihashes.
func multihashes(_ numbers: Range<Int>) -> [[UInt8]] {
    numbers.map { [0x12, 0x20] + AnnounceKey(hashing: Array("block \($0)".utf8)).bytes }
}

/// The raw CID of a made-up block.
func rawCID(_ number: Int) throws -> CID {
    CID(v1: .raw, try Multihash(multihashes(number..<number + 1)[0]))
}
