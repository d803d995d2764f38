// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Catalog
import FileIO
import IPLD
import Multiformats
import ObjectStore
public import PackStore
import Synchronization

/// A repository on disk: configuration, packs in their tiers, and the catalog.
///
/// Any number of processes may have one repository open. Layout: `Docs/architecture.md`.
public final class Repository: Sendable {
    /// Where the repository lies.
    public let path: String
    /// What the user configured.
    public let config: RepositoryConfig
    /// What is known of packs, blocks and snapshots.
    public let catalog: any Catalog
    /// The packs.
    public let packs: PackStore

    /// Where packs lie, as far as that was asked; some 50 bytes per pack.
    private let tiers = Mutex<[PackID: PackTier]>([:])

    private init(
        path: String, config: RepositoryConfig, catalog: any Catalog, packs: PackStore
    ) {
        self.path = path
        self.config = config
        self.catalog = catalog
        self.packs = packs
    }

    /// Opens the repository at `path`; with `creating`, makes one where there is nothing, or in
    /// an empty directory.
    ///
    /// - Throws: ``RepositoryError``, `CatalogError`, `IOError`.
    public static func open(_ path: String, creating: Bool) async throws -> Repository {
        let config = try await BlockingPool.shared.run { () throws -> RepositoryConfig in
            if creating { try create(at: path) }
            return try loadConfig(at: path)
        }
        let tier = path + "/packs/" + PackTier.hot.name
        let packs = try await BlockingPool.shared.run {
            PackStore(tiers: [.hot: try DirectoryObjectStore(path: tier)])
        }
        let catalog = try await SQLiteCatalog.open(at: path + "/catalog.sqlite")
        let repository = Repository(path: path, config: config, catalog: catalog, packs: packs)
        return repository
    }

    private static func loadConfig(at path: String) throws -> RepositoryConfig {
        do { return try RepositoryConfig.load(path + "/config.yaml") } catch let error as IOError
            where error.code == .notFound || error.code == .notADirectory
        {
            throw RepositoryError(
                .missing,
                "there is no repository at \(path); `cairn ingest` makes one, or name another with --repo or CAIRN_REPO"
            )
        }
    }

    /// Makes the directories and the configuration, which comes last: it marks a repository.
    private static func create(at path: String) throws {
        let directory = try Directory(creating: path, permissions: 0o700)
        let names = try directory.entryNames()
        if names.contains("config.yaml") { return }
        let known: Set = ["packs", "catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"]
        if let other = names.first(where: { !known.contains($0) && !$0.hasPrefix(".config-") }) {
            throw RepositoryError(
                .notARepository,
                "\(path) is no repository and not empty (it holds \(other)); name an empty or new directory with --repo"
            )
        }
        _ = try Directory(creating: path + "/packs/" + PackTier.hot.name, permissions: 0o700)
        // Written aside and renamed, so that two programs that begin at once do no harm.
        let temporary = Array(".config-\(PackID.make())".utf8)
        let file = try directory.createFile(temporary)
        try file.writeAll(Array(RepositoryConfig.initialText.utf8))
        try file.synchronize()
        try directory.rename(temporary, to: Array("config.yaml".utf8))
        try directory.synchronize()
    }

    /// Begins a pack of new blocks. Blocks on disk; call on a thread that may.
    public func beginPack(kind: PackKind) throws(PackError) -> PackWriter {
        try packs.writer(kind: kind, tier: .hot)
    }

    /// Records a sealed pack in the catalog.
    public func commit(_ pack: SealedPack) async throws {
        let record = PackRecord(
            id: pack.id, kind: pack.kind, tier: pack.tier, blockCount: pack.blockCount,
            byteCount: pack.byteCount, storedByteCount: pack.storedByteCount,
            createdAtMilliseconds: pack.createdAtMilliseconds)
        let blocks = pack.blocks.enumerated().map { ordinal, block in
            NewBlock(multihash: Array(block.cid.multihashBytes), ordinal: UInt32(ordinal))
        }
        try await catalog.commit(record, blocks: blocks)
    }

    /// Takes in what writers that are dead left unfinished: every whole frame is kept.
    ///
    /// - Returns: what was found; parts that could not be completed stay for the next time.
    @discardableResult
    public func salvage() async throws -> SalvageReport {
        let report = try await packs.salvage(.hot)
        for pack in report.packs { try await commit(pack) }
        return report
    }

    /// The tier in which the catalog says a pack lies.
    ///
    /// - Throws: ``RepositoryError`` if the catalog does not know the pack.
    func tier(of pack: PackID) async throws -> PackTier {
        if let known = tiers.withLock({ $0[pack] }) { return known }
        guard let record = try await catalog.pack(pack) else {
            throw RepositoryError(
                .needsReindex, "the catalog does not know pack \(pack); run `cairn reindex`")
        }
        tiers.withLock { $0[pack] = record.tier }
        return record.tier
    }

    /// The newest snapshot of the same sources.
    public func latestSnapshot(of sources: [String]) async throws -> SnapshotRecord? {
        try await catalog.snapshots(limit: nil).first { $0.sources == sources }
    }

    /// The blocks of the repository.
    public var blocks: RepositoryBlocks { RepositoryBlocks(repository: self) }
}

extension Directory {
    /// The names of all entries, as text.
    fileprivate func entryNames() throws(IOError) -> [String] {
        var stream = try DirectoryStream(self)
        var names: [String] = []
        while let entry = try stream.next() {
            names.append(String(decoding: entry.name, as: UTF8.self))
        }
        return names
    }
}
