// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import IPLD
import Ingest
import Multiformats
import ObjectStore
import PackStore
import Repository

/// One garbage collection from its first look to its last file.
///
/// Belongs to one task.
final class CollectionRun {
    /// How often marking is begun anew because packs went away while it read them.
    private static let attemptCount = 5

    let repository: Repository
    let options: CollectionOptions
    let board: ProgressBoard
    /// The repository's packs, read at low priority and within the budget.
    let packs: PackStore
    /// The budget, if there is one.
    let rate: ByteRate?

    var marking: Marking
    var plan = CollectionPlan()
    var report = CollectionReport()
    /// The roots that were followed.
    private var followed: Set<MarkRoot> = []
    /// The generation of roots as of the last look.
    private(set) var generation: Int64 = 0
    /// The packs that have left the catalog.
    var swept: Set<PackID> = []
    /// How many lost or bad blocks were searched for in the packs that would go.
    var searchedLossCount = 0
    /// What was quarantined when marking began, by pack.
    private(set) var quarantined: [PackID: BlockBitmap] = [:]

    init(_ repository: Repository, _ options: CollectionOptions, _ board: ProgressBoard) {
        self.repository = repository
        self.options = options
        self.board = board
        rate = options.bytesPerSecond.map { ByteRate(bytesPerSecond: $0) }
        packs = PackStore.background(repository.packs, rate)
        marking = Marking(catalog: repository.catalog, packs: packs, board: board)
    }

    /// Finds out what a collection would do now.
    func rehearse() async throws -> CollectionReport {
        try await lookAndPlan()
        return finished()
    }

    /// Collects; the lock is held.
    func collect() async throws -> CollectionReport {
        let catalog = repository.catalog
        // What a collection left that was killed.
        try await catalog.releaseCondemned()
        try await repository.removeDoomed()
        // Pins that have expired, and records of removals whose objects the last collection freed.
        // A file that is still to be deleted could bring such an object back by a reindex.
        if try await catalog.doomedPacks().isEmpty {
            _ = try await catalog.retireRecords(atMilliseconds: repository.clock.milliseconds)
        }
        try await takeIn()
        try await lookAndPlan()
        do {
            try await reclaim()
        } catch {
            await release()
            throw error
        }
        try await catalog.releaseCondemned()
        return finished()
    }

    /// Takes in what runs that died had stored, with the snapshots that they came to record.
    ///
    /// Those are roots. What dies from now on is not taken in before the collection has ended.
    private func takeIn() async throws {
        let report = try await repository.salvage()
        if let failure = report.failures.first {
            throw CollectionError(
                .unreadable,
                "nothing was freed: what a run that died has left cannot be taken in (\(failure)). Run `cairn repair`",
                cause: failure)
        }
    }

    private func lookAndPlan() async throws {
        for attempt in 1...Self.attemptCount {
            do {
                let listed = try await firstLook()
                plan = try await makePlan(of: listed)
                try await keepCopiesOfLost()
                return
            } catch let error as CollectionError {
                guard error.code == .moving, attempt < Self.attemptCount else { throw error }
            }
        }
    }

    private func finished() -> CollectionReport {
        report.plan = plan
        report.rootCount = followed.count
        report.liveBlockCount = plan.liveBlockCount
        report.readBlockCount = board.current.readBlockCount
        (report.lackingCount, report.lacking) = marking.lacking
        (report.undecodableCount, report.undecodable) = marking.undecodable
        return report
    }

    /// Takes the marks away whatever has happened, cancellation included.
    ///
    /// If that fails, too, they do no harm: until the next collection, what they name is stored
    /// again when it is ingested again.
    private func release() async {
        let catalog = repository.catalog
        // Unstructured: must go on in a task that was cancelled; awaited here.
        await Task { try? await catalog.releaseCondemned() }.value
    }

    // MARK: Looks

    /// Follows all roots.
    ///
    /// - Returns: the packs that may be touched: those that were there before the roots were read,
    ///   so that whatever in them a root of then needs is reached, and what later roots need is
    ///   found by later looks.
    private func firstLook() async throws -> Range<Int> {
        board.begin(.marking)
        board.update { $0.readBlockCount = 0 }
        marking = Marking(catalog: repository.catalog, packs: packs, board: board)
        followed = []
        searchedLossCount = 0
        quarantined = try await quarantine()
        marking.add(try await repository.catalog.packs())
        let listed = marking.table.packs.indices
        _ = try await follow()
        return listed
    }

    /// Follows the roots that came since the last look.
    ///
    /// - Returns: whether there were any.
    func follow() async throws -> Bool {
        let (generation, roots) = try await repository.catalog.roots()
        let tolerances = try await tolerances()
        var new: [MarkRoot] = []
        for root in roots {
            let cid: CID
            do { cid = try CID(root.cid) } catch {
                throw CollectionError(
                    .unreadable,
                    "the catalog has a root that is no CID (\(error)); run `cairn reindex`",
                    cause: error)
            }
            var mark = MarkRoot(cid: cid, isRecursive: root.isRecursive)
            switch root.origin {
            case .snapshot(let id), .record(let id): mark.tolerance = tolerances.of(id)
            case .pin: mark.tolerance = tolerances.ofPins
            }
            if followed.insert(mark).inserted { new.append(mark) }
        }
        try await marking.mark(new)
        self.generation = generation
        return !new.isEmpty
    }

    /// Which roots need not be whole: those of archives, and of snapshots known to be incomplete.
    private func tolerances() async throws -> MarkTolerances {
        let snapshots = try await repository.catalog.snapshots(limit: nil)
        let imports = snapshots.filter {
            $0.options.contains { $0.key == "kind" && $0.value == "import" }
        }
        let losses = try await repository.catalog.lostBlockCounts().filter { $0.value > 0 }
        return MarkTolerances(
            imports: Set(imports.map(\.id)), incomplete: Set(losses.keys),
            givesUpLost: options.givesUpLost)
    }

    /// Stops if a block that is counted on turned out damaged since the first look: a copy that was
    /// to go may be the one that heals it.
    func checkQuarantine() async throws {
        for (pack, blocks) in try await quarantine() {
            guard let number = marking.table.number(of: pack) else { continue }
            var new = blocks
            if let known = quarantined[pack], known.count == new.count { new.subtract(known) }
            guard new.count == marking.table.packs[number].record.blockCount else { continue }
            new.formIntersection(marking.table.live(in: number))
            if !new.isEmpty {
                throw CollectionError(
                    .unreadable,
                    "\(new.population) blocks of pack \(pack) turned out damaged meanwhile; another copy may be among what would go. Run `cairn repair`, then again"
                )
            }
        }
    }

    private func quarantine() async throws -> [PackID: BlockBitmap] {
        let blocks = try await repository.catalog.quarantined()
        return Dictionary(blocks.map { ($0.id, $0.blocks) }) { first, _ in first }
    }

    /// The stat caches of sources all of whose blocks live.
    ///
    /// - Parameter caches: as the catalog gave them before the last look, so that what a run
    ///   changes meanwhile does not count.
    func live(_ caches: [RememberedSource]) async throws -> [RememberedSource] {
        var live: [RememberedSource] = []
        for cache in caches {
            guard let cid = SourceRow.cid(in: cache.row) else { continue }
            // A root that its CID holds says nothing of the blocks that it may link to.
            if cid.inlineBlock != nil, cid.codec.hasLinks { continue }
            if try await marking.isReached(cid) { live.append(cache) }
        }
        return live
    }
}

extension PackStore {
    /// The same packs for work that nobody waits for, read no faster than `rate`.
    static func background(_ packs: PackStore, _ rate: ByteRate?) -> PackStore {
        var options = Options()
        // Packs are read one after the other; a frame or two are all that is met again.
        options.openPackCount = 4
        options.cacheByteCount = 4 << 20
        guard let rate else {
            return PackStore(
                tiers: packs.tiers, options: options, pool: .background, clock: packs.clock)
        }
        return PackStore(
            tiers: packs.tiers.mapValues { MeteredObjectStore($0, rate: rate) },
            options: options, pool: .background, clock: packs.clock)
    }
}
