// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Foundation
import IPLD
import Ingest
import Lifecycle
import Multiformats
import PackStore
import Repository
import TestSupport
import Testing
import UnixFS

/// A repository in which blocks die, for one test.
struct CollectionScene {
    let directory: TemporaryDirectory
    let repository: Repository

    init(
        clock: WallClock = .system,
        wrapping wrap: @escaping Repository.StoreWrapper = { $1 }
    ) async throws {
        directory = try TemporaryDirectory()
        repository = try await Repository.open(
            directory.url.appending(path: "repository").path, creating: true, clock: clock,
            wrapping: wrap)
    }

    /// Stores blocks in a pack of their own, whether they are there already or not, a few to a
    /// frame.
    @discardableResult
    func store(
        _ blocks: [Block], kind: PackKind, flags: BlockFlags = [], perFrame: Int = 4
    ) async throws -> PackID {
        let repository = repository
        let sealed = try await BlockingPool.shared.run {
            var writer = try repository.packs.writer(kind: kind, tier: .hot)
            for start in stride(from: 0, to: blocks.count, by: perFrame) {
                let some = Array(blocks[start..<min(start + perFrame, blocks.count)])
                try writer.append(
                    try FrameBuilder.frame(of: some, compression: .auto, flags: flags))
            }
            return try writer.finish().seal()
        }
        try await repository.commit(sealed)
        return sealed.id
    }

    /// Records a snapshot of roots, with its record in a pack.
    @discardableResult
    func snapshot(_ roots: [CID], isImport: Bool = false) async throws -> SnapshotRecord {
        let (record, block) = try Self.snapshot(of: roots, isImport: isImport)
        try await store([block], kind: .nodes, flags: .snapshotRecord)
        try await repository.catalog.add(record)
        return record
    }

    /// A snapshot of roots, and its record, which are stored nowhere yet.
    static func snapshot(
        of roots: [CID], isImport: Bool = false
    ) throws -> (SnapshotRecord, Block) {
        var record = SnapshotRecord(
            id: PackID.make().description, startedAtMilliseconds: WallClock.milliseconds,
            finishedAtMilliseconds: WallClock.milliseconds, sources: ["made up"],
            roots: roots.map { SnapshotRecord.Root(name: "root", cid: $0.bytes) },
            options: isImport ? [SnapshotRecord.Option(key: "kind", value: "import")] : [],
            host: "test", recordCID: [])
        let block = try SnapshotBlock.encode(record)
        record.recordCID = block.cid.bytes
        return (record, block)
    }

    /// Writes a source and returns where it is.
    func write(_ tree: InputTree, as name: String) throws -> String {
        let url = directory.url.appending(path: name)
        try tree.write(to: url)
        return url.path
    }

    /// Stores a source.
    func ingest(
        _ path: String, change: (inout IngestOptions) -> Void = { _ in }
    ) async throws -> IngestResult {
        var options = try IngestOptions(
            dag: try DAGOptions(profile: .standard), selection: .standard)
        options.spillDirectory = directory.url.path
        change(&options)
        return try await IngestRun(repository: repository, options: options).run([.path(path)])
    }

    /// Collects all that can be: every pack with a dead block is rewritten.
    @discardableResult
    func collect(
        _ change: (inout CollectionOptions) -> Void = { _ in }
    ) async throws -> CollectionReport {
        var options = CollectionOptions()
        options.repackBelow = 1
        options.keepsUnfinished = .zero
        change(&options)
        return try await GarbageCollection(repository, options: options).run()
    }

    /// All CIDs below `root` that are stored, read through the repository.
    func reachable(_ root: CID) async throws -> Set<CID> {
        var seen: Set<CID> = [root]
        var open = [root]
        while let cid = open.popLast() {
            let links = try IPLDCodec.links(of: try await repository.blocks.block(cid))
            for link in links where seen.insert(link).inserted { open.append(link) }
        }
        return seen
    }

    /// The way from a root to a block that is kept by one.
    func path(to cid: CID, at location: SourceLocation = #_sourceLocation) async throws -> KeepPath
    {
        let reason = try await KeepSearch(repository).reason(for: cid)
        var path: KeepPath?
        if case .root(let found) = reason { path = found }
        return try #require(path, "\(cid): \(reason)", sourceLocation: location)
    }

    /// Expects verify to find nothing wrong.
    func expectSound(at location: SourceLocation = #_sourceLocation) async throws {
        let report = try await Verify(repository).run()
        #expect(report.findings.isEmpty, "\(report.findings)", sourceLocation: location)
    }

    /// The files of sealed packs.
    func packs() async throws -> [PackID] { try await repository.packs.packs(in: .hot) }

    /// A block of raw bytes.
    static func leaf(_ text: String) throws -> Block { try block(.raw, Array(text.utf8)) }

    /// A DAG-PB node over others.
    static func node(_ children: [CID], _ text: String = "") throws -> Block {
        let links = children.enumerated().map {
            PBLink(hash: $1, name: Array("l\($0)".utf8), tsize: 1)
        }
        return try block(.dagPB, PBNode(links: links, data: Array(text.utf8)).encode())
    }

    /// A DAG-CBOR map over others.
    static func record(_ children: [CID], _ text: String) throws -> Block {
        let entries = [
            IPLDMap.Entry(key: "children", value: .list(children.map { .link($0) })),
            IPLDMap.Entry(key: "text", value: .string(text)),
        ]
        let map = try #require(IPLDMap(unique: entries))
        return try block(.dagCBOR, try IPLDCodec.encode(.dagCBOR, .map(map)))
    }

    /// A block of any codec.
    static func block(_ codec: Multicodec, _ bytes: [UInt8]) throws -> Block {
        let multihash = try HashFunction.sha2_256.multihash(of: bytes.span)
        return Block(cid: CID(v1: codec, multihash), bytes: bytes)
    }
}
