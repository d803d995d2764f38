// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import FileIO
public import Multiformats
public import PackStore
public import Repository
import Synchronization

/// Reads packs and checks every byte of every block against its CID: what `cairn verify` does.
///
/// Runs beside ingests and reads. A pack that passes is marked with the time in the catalog.
public final class Verify: Sendable {
    /// What to look at.
    public struct Options: Hashable, Sendable {
        /// The share of the packs to read, 0 to 1; those unchecked for longest come first.
        public var sample = 1.0
        /// Packs checked since this time, in milliseconds since 1970, are passed over.
        public var uncheckedSince: Int64?
        /// Packs read at the same time.
        public var width = Machine.coreCount

        /// Everything.
        public init() {}
    }

    private let repository: Repository
    private let options: Options
    private let report = Mutex(VerifyReport())
    private let onFinding: @Sendable (VerifyFinding) -> Void

    /// A verification that has not begun; `onFinding` hears of each fault at once.
    public init(
        _ repository: Repository, options: Options = Options(),
        onFinding: @escaping @Sendable (VerifyFinding) -> Void = { _ in }
    ) {
        self.repository = repository
        self.options = options
        self.onFinding = onFinding
    }

    /// What was checked and found so far.
    public var progress: VerifyReport { report.withLock { $0 } }

    /// Checks the packs and whether catalog and packs agree.
    ///
    /// - Throws: `CatalogError`, `PackError` if the tier cannot be listed; faults are results.
    public func run() async throws -> VerifyReport {
        // What a crash kept from the catalog is no fault; it is taken in first.
        try await repository.salvage()
        let known = try await repository.catalog.packs()
        var present: Set<PackID> = []
        var unreachable: Set<PackTier> = []
        for tier in repository.tiers {
            do { present.formUnion(try await repository.packs.packs(in: tier)) } catch let error
                as PackError where error.code == .unreachable
            {
                unreachable.insert(tier)
                // A tier that is not in use yet has nothing to miss.
                guard known.contains(where: { $0.tier == tier }) else { continue }
                find(.unreachableTier(tier, error))
            }
        }
        for pack in known where !present.contains(pack.id) && !unreachable.contains(pack.tier) {
            find(.missingPack(pack.id))
        }
        let catalogued = Set(known.map(\.id))
        // Listed before the catalog was read, a pack may have been committed in between.
        for id in present where !catalogued.contains(id) {
            if try await repository.catalog.pack(id) == nil { find(.unknownPack(id)) }
        }
        let chosen = choose(from: known.filter { present.contains($0.id) })
        report.withLock {
            $0.packCount = chosen.count
            $0.storedByteCount = chosen.reduce(0) { $0 + $1.storedByteCount }
        }
        try await check(chosen)
        return progress
    }

    private func choose(from packs: [PackRecord]) -> [PackRecord] {
        let due = packs.filter { pack in
            guard let since = options.uncheckedSince else { return true }
            return (pack.verifiedAtMilliseconds ?? .min) < since
        }
        let oldestFirst = due.sorted {
            ($0.verifiedAtMilliseconds ?? .min, $0.id) < ($1.verifiedAtMilliseconds ?? .min, $1.id)
        }
        let count = (Double(oldestFirst.count) * options.sample).rounded(.up)
        return Array(oldestFirst.prefix(Int(count)))
    }

    private func check(_ packs: [PackRecord]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, pack) in packs.enumerated() {
                if index >= options.width { try await group.next() }
                group.addTask { try await self.check(pack) }
            }
            while try await group.next() != nil {}
        }
    }

    private func check(_ pack: PackRecord) async throws {
        try Task.checkCancellation()
        let result: PackVerification
        do { result = try await repository.packs.verify(pack.id, tier: pack.tier) } catch let error
            as PackError
        {
            return find(.unreadablePack(pack.id, error))
        }
        for damage in result.damage { find(.damage(pack.id, damage)) }
        if result.damage.isEmpty, result.soundBlockCount != pack.blockCount {
            find(.wrongBlockCount(pack.id, catalog: pack.blockCount, pack: result.soundBlockCount))
        }
        try await checkPlaces(of: pack)
        report.withLock {
            $0.checkedPackCount += 1
            $0.checkedBlockCount += result.soundBlockCount
            $0.checkedByteCount += result.soundByteCount
            $0.checkedStoredByteCount += pack.storedByteCount
        }
        if result.damage.isEmpty {
            try await repository.catalog.setVerified(
                pack.id, atMilliseconds: WallClock.milliseconds)
        }
    }

    /// Whether the catalog finds each block of the pack, here or in another pack.
    private func checkPlaces(of pack: PackRecord) async throws {
        guard let index = try? await repository.packs.index(of: pack.id, tier: pack.tier) else {
            return  // a damaged index is among the damage found
        }
        let blocks = index.blocks
        for start in stride(from: 0, to: blocks.count, by: 4096) {
            let batch = blocks[start..<min(start + 4096, blocks.count)]
            let known = try await repository.catalog.contains(
                batch.map { Array($0.cid.multihashBytes) })
            for (block, isKnown) in zip(batch, known) where !isKnown {
                find(.uncataloguedBlock(pack.id, block.cid))
            }
        }
    }

    private func find(_ finding: VerifyFinding) {
        report.withLock { $0.findings.append(finding) }
        onFinding(finding)
    }
}

/// What a verification checked and found.
public struct VerifyReport: Sendable {
    /// Packs to check.
    public var packCount = 0
    /// Bytes of their files.
    public var storedByteCount: Int64 = 0
    /// Packs checked.
    public var checkedPackCount = 0
    /// Blocks that are what their CIDs say.
    public var checkedBlockCount = 0
    /// Bytes of those blocks.
    public var checkedByteCount: Int64 = 0
    /// Bytes of the files of the packs checked.
    public var checkedStoredByteCount: Int64 = 0
    /// The faults.
    public var findings: [VerifyFinding] = []
}

/// A fault that a verification found.
public enum VerifyFinding: Sendable, CustomStringConvertible {
    /// The catalog names a pack that is not there.
    case missingPack(PackID)
    /// A pack is there that the catalog does not know.
    case unknownPack(PackID)
    /// A pack cannot be read at all.
    case unreadablePack(PackID, PackError)
    /// A tier cannot be reached, so that its packs were not checked.
    case unreachableTier(PackTier, PackError)
    /// Part of a pack is damaged.
    case damage(PackID, PackDamage)
    /// Catalog and pack disagree on how many blocks the pack holds.
    case wrongBlockCount(PackID, catalog: Int, pack: Int)
    /// A block of the pack is not in the catalog.
    case uncataloguedBlock(PackID, CID)

    /// What is wrong and what to do about it.
    public var description: String {
        switch self {
        case .missingPack(let id):
            "pack \(id) is missing; restore its file, or run `cairn reindex` and ingest again"
        case .unknownPack(let id): "pack \(id) is not in the catalog; run `cairn reindex`"
        case .unreadablePack(_, let error): "\(error)"
        case .unreachableTier(_, let error): "\(error)"
        case .damage(let id, let damage): "pack \(id): \(damage)"
        case .wrongBlockCount(let id, let catalog, let pack):
            "pack \(id) holds \(pack) blocks, the catalog says \(catalog); run `cairn reindex`"
        case .uncataloguedBlock(let id, let cid):
            "block \(cid) of pack \(id) is not in the catalog; run `cairn reindex`"
        }
    }
}
