// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import PackStore
import Synchronization

/// Where marking begins.
struct MarkRoot: Hashable {
    let cid: CID
    /// Whether what it links to is kept, too.
    var isRecursive = true
    /// What may be wrong below it.
    var tolerance = Tolerance.nothing

    /// What marking puts up with.
    ///
    /// Where a block is gone, so is what only it linked to.
    enum Tolerance: Int, CaseIterable {
        /// All must be there.
        case nothing
        /// Leaves may be missing: that some are is known, and nothing hangs on them.
        case leaves
        /// Blocks may be missing: an archive that was imported need not be whole.
        case missing
        /// Blocks may be missing or damaged: that is known, and what hangs on them was given up.
        case damaged
    }
}

/// Finds all blocks that roots reach, reading the packs of nodes only.
///
/// Packs are gone through one at a time in the order of their frames, so that each frame is
/// decompressed once as a rule; links are looked up many at a time. A block that has copies in
/// several packs is reached where the catalog finds it; its other copies are not.
///
/// Belongs to one task.
final class Marking {
    /// Bytes of blocks whose links are gathered before they are looked up: some 50,000 links.
    private static let batchByteCount = 2 << 20
    /// The most blocks of a batch.
    private static let batchCount = 4096
    /// Keys of one look-up: the more, the more of them share a page of the catalog.
    private static let lookupCount = 65_536
    /// How many missing blocks are remembered by name.
    private static let namedCount = 16
    /// How many missing blocks are remembered at all, at some 100 bytes each.
    private static let lackingLimit = 1_000_000

    private(set) var table = MarkTable()
    /// Blocks that are gone from archives which were imported, or from DAGs known to be damaged.
    private(set) var lacking: (count: Int, first: [CID]) = (0, [])
    /// The multihashes of all of these.
    private(set) var lost: Set<[UInt8]> = []
    /// Blocks of such DAGs whose links cannot be read.
    private(set) var undecodable: (count: Int, first: [CID]) = (0, [])

    private let catalog: any Catalog
    private let packs: PackStore
    private let board: ProgressBoard
    private var tolerance = MarkRoot.Tolerance.nothing

    init(catalog: any Catalog, packs: PackStore, board: ProgressBoard) {
        self.catalog = catalog
        self.packs = packs
        self.board = board
    }

    /// Makes packs known.
    func add(_ records: [PackRecord]) {
        for record in records { table.add(record) }
    }

    /// Reaches all that `roots` reach and nothing before did.
    ///
    /// - Throws: ``CollectionError`` if a block is missing or cannot be read, so that what it
    ///   links to is not known; `CatalogError`; `CancellationError`.
    func mark(_ roots: [MarkRoot]) async throws {
        // Those that must be whole come first: what they reach must be there, whoever else links
        // to it.
        for tolerance in MarkRoot.Tolerance.allCases {
            self.tolerance = tolerance
            let chosen = roots.filter { $0.tolerance == tolerance }
            try await reach(
                chosen.map { $0.isRecursive ? $0.cid : CID(v1: MarkTable.leaf, $0.cid.multihash) })
            while let task = table.nextTask() { try await process(task) }
        }
    }

    /// Whether marking reached the block, and all that it links to if its codec has links.
    func isReached(_ cid: CID) async throws -> Bool {
        if cid.inlineBlock != nil { return true }
        guard let place = try await catalog.places(of: [Array(cid.multihashBytes)])[0],
            let number = table.number(of: place.packID)
        else { return false }
        return table.isReached(Int(place.ordinal), of: number, by: cid.codec)
    }

    /// Reads the blocks of one pack that wait, until none does.
    private func process(_ task: MarkTable.Task) async throws {
        let record = table.packs[task.pack].record
        let codec = table.codec(of: task)
        board.update { $0.readPackCount += 1 }
        let index: PackIndex
        do { index = try await packs.index(of: record.id, tier: record.tier) } catch let error
            as PackError
        { throw try await moved(record, error) }
        guard index.blocks.count == record.blockCount else {
            throw CollectionError(
                .unreadable,
                "pack \(record.id) holds \(index.blocks.count) blocks, the catalog says \(record.blockCount); run `cairn reindex`"
            )
        }
        var sweep = Sweep(count: record.blockCount)
        while true {
            try Task.checkCancellation()
            let batch = takeBatch(task, &sweep, index, codec)
            if batch.isEmpty { break }
            let links = try await links(of: batch, in: record)
            board.update { $0.readBlockCount += batch.count }
            try await reach(links)
        }
    }

    private func takeBatch(
        _ task: MarkTable.Task, _ sweep: inout Sweep, _ index: PackIndex, _ codec: Multicodec
    ) -> [WantedBlock] {
        var batch: [WantedBlock] = []
        var byteCount = 0
        while batch.count < Self.batchCount, byteCount < Self.batchByteCount,
            let ordinal = table.take(task, &sweep)
        {
            let block = index.blocks[ordinal]
            if block.cid.codec == codec {
                // Decision 0002: what was stored as a leaf has no links, read as what it was.
                if index.kind == .leaves { continue }
                batch.append(WantedBlock(ordinal: ordinal, cid: block.cid, index: batch.count))
            } else {
                let cid = CID(v1: codec, block.cid.multihash)
                batch.append(WantedBlock(ordinal: ordinal, cid: cid, index: batch.count))
            }
            byteCount += block.byteCount
        }
        return batch
    }

    private func links(of batch: [WantedBlock], in record: PackRecord) async throws -> [CID] {
        let found = Mutex(Found())
        let tolerance = tolerance
        do {
            try await packs.read(batch, of: record.id, tier: record.tier) { wanted, result in
                switch result {
                case .success(let block):
                    do {
                        let links = try IPLDCodec.links(of: block)
                        found.withLock { $0.links += links }
                    } catch { found.withLock { $0.undecodable.append((block.cid, "\(error)")) } }
                case .failure(let error):
                    guard tolerance == .damaged else {
                        throw tolerance == .leaves
                            ? CollectionError.lost(wanted.cid, error)
                            : CollectionError(unreadable: wanted.cid, error)
                    }
                    found.withLock { $0.damaged.append(wanted.cid) }
                }
            }
        } catch let error as PackError { throw try await moved(record, error) }
        let result = found.withLock { $0 }
        for cid in result.damaged { try note(lacking: cid) }
        for (cid, reason) in result.undecodable { try note(undecodable: cid, reason) }
        return result.links
    }

    private func note(undecodable cid: CID, _ reason: String) throws {
        guard tolerance.rawValue >= MarkRoot.Tolerance.missing.rawValue else {
            throw CollectionError(
                .undecodable,
                "block \(cid) is kept, but its links cannot be read (\(reason)), so what it needs is not known; nothing was freed. `cairn why \(cid)` tells which snapshot or pin to give up",
                cid: cid)
        }
        undecodable.count += 1
        if undecodable.first.count < Self.namedCount { undecodable.first.append(cid) }
    }

    private struct Found {
        var links: [CID] = []
        var undecodable: [(CID, String)] = []
        var damaged: [CID] = []
    }

    /// Looks blocks up and notes that they were reached.
    private func reach(_ cids: [CID]) async throws {
        var stored: [CID] = []
        var inlined = cids
        // A block that its CID holds may have links of its own; each is shorter than its holder.
        while !inlined.isEmpty {
            var next: [CID] = []
            for cid in inlined {
                guard let block = cid.inlineBlock else {
                    stored.append(cid)
                    continue
                }
                guard cid.codec.hasLinks else { continue }
                do { next += try IPLDCodec.links(of: block) } catch {
                    try note(undecodable: cid, "\(error)")
                }
            }
            inlined = next
        }
        for start in stride(from: 0, to: stored.count, by: Self.lookupCount) {
            let batch = stored[start..<min(start + Self.lookupCount, stored.count)]
            let places = try await catalog.places(of: batch.map { Array($0.multihashBytes) })
            for (cid, place) in zip(batch, places) {
                if let place { try await reach(cid, at: place) } else { try lack(cid) }
            }
        }
        board.update { $0.reachedCount = table.reachedCount }
    }

    private func reach(_ cid: CID, at place: BlockPlace) async throws {
        if table.number(of: place.packID) == nil {
            guard let record = try await catalog.pack(place.packID) else {
                throw CollectionError.moved(place.packID)
            }
            table.add(record)
        }
        guard let number = table.number(of: place.packID),
            Int(place.ordinal) < table.packs[number].record.blockCount
        else {
            throw CollectionError(
                .unreadable,
                "the catalog places block \(cid) beyond the end of pack \(place.packID); run `cairn reindex`",
                cid: cid)
        }
        table.reach(Int(place.ordinal), of: number, by: cid.codec)
    }

    private func lack(_ cid: CID) throws {
        switch tolerance {
        case .nothing:
            throw CollectionError(
                .missing,
                "block \(cid) is missing, so what it needs is not known; nothing was freed. Run `cairn repair`, or see with `cairn why \(cid)` which snapshot or pin to give up",
                cid: cid)
        case .leaves where cid.codec.hasLinks: throw CollectionError.lost(cid, nil)
        case .leaves, .missing, .damaged: try note(lacking: cid)
        }
    }

    private func note(lacking cid: CID) throws {
        // Several DAGs may lack the same block.
        guard lost.insert(Array(cid.multihashBytes)).inserted else { return }
        guard lost.count <= Self.lackingLimit else {
            throw CollectionError(
                .missing,
                "more than \(Self.lackingLimit) blocks are missing; nothing was freed. Run `cairn repair`, or give incomplete snapshots up with `cairn repair --drop`",
                cid: cid)
        }
        lacking.count += 1
        if lacking.first.count < Self.namedCount { lacking.first.append(cid) }
    }

    /// What to throw when a pack could not be read: that it has moved, if it has.
    private func moved(_ record: PackRecord, _ error: PackError) async throws -> any Error {
        guard error.code == .notFound else {
            // Who may not read it is told so; there is nothing to repair.
            let remedy = error.isDenied ? "" : ". Run `cairn repair`"
            return CollectionError(
                .unreadable,
                "\(error); what it links to is not known; nothing was freed\(remedy)",
                cause: error)
        }
        guard let now = try await catalog.pack(record.id), now.tier == record.tier else {
            return CollectionError.moved(record.id)
        }
        return CollectionError(
            .missing,
            "pack \(record.id) is missing; nothing was freed. Run `cairn repair`", cause: error)
    }
}
