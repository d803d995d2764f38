// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Catalog
public import FileIO
import IPLD
import Multiformats
package import ObjectStore
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
    /// By which all that is done here is dated, and all ages are counted.
    public let clock: WallClock

    /// The tiers that every repository has: what was ingested, then what was fetched from peers.
    public static let localTiers: [PackTier] = [.hot, .cache]

    /// The tiers in which packs may lie: ``localTiers``, then those of the configuration.
    public var tiers: [PackTier] { Self.localTiers + config.tiers.map(\.tier) }

    /// Where packs lie, as far as that was asked; some 50 bytes per pack.
    private let knownTiers = Mutex<[PackID: PackTier]>([:])

    /// The stores of the configured tiers, as they are without anything around them.
    let configuredStores: [PackTier: TierObjectStore]

    private init(path: String, _ parts: Parts, catalog: any Catalog, clock: WallClock = .system) {
        self.path = path
        self.config = parts.config
        self.catalog = catalog
        self.packs = parts.packs
        self.clock = clock
        self.configuredStores = parts.configuredStores
    }

    /// What is there before the catalog is opened.
    private struct Parts {
        var config: RepositoryConfig
        var packs: PackStore
        var configuredStores: [PackTier: TierObjectStore]
    }

    /// Puts something around the store of a tier, as tests do that let it fail.
    package typealias StoreWrapper =
        @Sendable (_ tier: PackTier, _ store: any ObjectStore) -> any ObjectStore

    /// Opens the back end of a configured tier, as tests do that talk to a server of their own.
    package typealias StoreConnector =
        @Sendable (TierConfig) throws(ObjectStoreError) -> any ObjectStore

    /// Opens the repository at `path`; with `creating`, makes one where there is nothing, or in
    /// an empty directory.
    ///
    /// - Parameter clock: the machine's, unless a test turns one.
    /// - Throws: ``RepositoryError``, `CatalogError`, `IOError`.
    public static func open(
        _ path: String, creating: Bool, clock: WallClock = .system
    ) async throws -> Repository {
        try await open(path, creating: creating, clock: clock) { $1 }
    }

    /// Opens the repository with something around its stores, or with other back ends of its tiers.
    package static func open(
        _ path: String, creating: Bool, clock: WallClock = .system,
        wrapping wrap: @escaping StoreWrapper,
        connecting connect: @escaping StoreConnector = TierConfig.connect
    ) async throws -> Repository {
        let parts = try await openParts(path, creating: creating, clock, wrap, connect)
        if try await isCatalogMissing(at: path), try await !parts.packs.packs(in: .hot).isEmpty {
            throw RepositoryError(
                .needsReindex,
                "\(path) has packs but no catalog; run `cairn reindex` to rebuild it from them")
        }
        let catalog = try await SQLiteCatalog.open(at: catalogPath(path), clock: clock)
        return Repository(path: path, parts, catalog: catalog, clock: clock)
    }

    /// Opens the repository at `path` to rebuild its catalog, which may be missing or damaged; a
    /// damaged one is kept beside the new one.
    ///
    /// - Throws: ``RepositoryError``, `CatalogError`, `IOError`.
    public static func openForReindex(_ path: String) async throws -> Repository {
        let parts = try await openParts(path, creating: false) { $1 }
        let catalog: SQLiteCatalog
        do { catalog = try await SQLiteCatalog.open(at: catalogPath(path)) } catch let error
            as CatalogError where error.code == .corrupt
        {
            try await SQLiteCatalog.replaceDamaged(at: catalogPath(path))
            catalog = try await SQLiteCatalog.open(at: catalogPath(path))
        }
        return Repository(path: path, parts, catalog: catalog)
    }

    /// Opens the repository at `path` with a new, empty catalog in the place of the one there, which
    /// is kept beside it.
    ///
    /// - Throws: ``RepositoryError``, `CatalogError`, `IOError`.
    public static func openReplacingCatalog(_ path: String) async throws -> Repository {
        let parts = try await openParts(path, creating: false) { $1 }
        try await SQLiteCatalog.replaceDamaged(at: catalogPath(path))
        let catalog = try await SQLiteCatalog.open(at: catalogPath(path))
        return Repository(path: path, parts, catalog: catalog)
    }

    /// What is wrong with the file of the catalog at `path`, up to `limit` faults in words; empty if
    /// it can be used, as far as the database can tell.
    ///
    /// - Throws: ``RepositoryError``, `CatalogError`, `IOError` for what a new catalog would not
    ///   mend.
    public static func catalogFaults(at path: String, limit: Int) async throws -> [String] {
        let packs = try await openParts(path, creating: false) { $1 }.packs
        if try await isCatalogMissing(at: path) {
            return try await packs.packs(in: .hot).isEmpty ? [] : ["it is missing"]
        }
        do {
            let catalog = try await SQLiteCatalog.open(at: catalogPath(path))
            let faults = try await catalog.faults(limit: limit)
            // Closed before anything takes its place: the last connection removes the log by name.
            try await catalog.close()
            return faults
        } catch let error as CatalogError where error.code == .corrupt {
            return [error.message]
        }
    }

    private static func openParts(
        _ path: String, creating: Bool, _ clock: WallClock = .system,
        _ wrap: @escaping StoreWrapper,
        _ connect: @escaping StoreConnector = TierConfig.connect
    ) async throws -> Parts {
        try await BlockingPool.shared.run {
            if creating { try create(at: path) }
            let config = try loadConfig(at: path)
            var tiers: [PackTier: any ObjectStore] = [:]
            for tier in Self.localTiers {
                tiers[tier] = wrap(
                    tier, try DirectoryObjectStore(path: path + "/packs/" + tier.name))
            }
            var configured: [PackTier: TierObjectStore] = [:]
            for tier in config.tiers {
                let store = tier.store(ofRepository: path, connect)
                configured[tier.tier] = store
                tiers[tier.tier] = wrap(tier.tier, store)
            }
            return Parts(
                config: config, packs: PackStore(tiers: tiers, clock: clock),
                configuredStores: configured)
        }
    }

    private static func catalogPath(_ path: String) -> String { path + "/catalog.sqlite" }

    private static func isCatalogMissing(at path: String) async throws -> Bool {
        try await BlockingPool.shared.run {
            try !Directory(path).exists(Array("catalog.sqlite".utf8))
        }
    }

    /// What a repository's `config.yaml` says, without opening the repository; blocks.
    ///
    /// - Throws: ``RepositoryError``: `missing` if there is none, `badConfig`; `IOError`.
    public static func loadConfig(at path: String) throws -> RepositoryConfig {
        do { return try RepositoryConfig.load(path + "/config.yaml") } catch let error as IOError
            where error.code == .notFound || error.code == .notADirectory
        {
            throw RepositoryError(
                .missing,
                "there is no repository at \(path); `cairn ingest` or `cairn node` makes one, or name another with --repo or CAIRN_REPO"
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

    /// The tier in which the catalog says a pack lies, or said when it was last asked.
    ///
    /// - Throws: ``RepositoryError`` if the catalog does not know the pack.
    public func tier(of pack: PackID) async throws -> PackTier {
        if let known = knownTiers.withLock({ $0[pack] }) { return known }
        guard let record = try await catalog.pack(pack) else {
            throw RepositoryError(
                .needsReindex, "the catalog does not know pack \(pack); run `cairn reindex`")
        }
        knownTiers.withLock { $0[pack] = record.tier }
        return record.tier
    }

    /// Forgets where a pack lay, so that ``tier(of:)`` asks the catalog: it was moved, or is gone.
    public func forgetPlace(of pack: PackID) {
        knownTiers.withLock { $0[pack] = nil }
    }

    /// Forgets where all packs lay and closes those that are open: for a program that runs for long,
    /// now and then, since other processes move and delete packs.
    public func forgetPlaces() {
        knownTiers.withLock { $0 = [:] }
        packs.closeReaders()
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
    func entryNames() throws(IOError) -> [String] {
        var stream = try DirectoryStream(self)
        var names: [String] = []
        while let entry = try stream.next() {
            names.append(String(decoding: entry.name, as: UTF8.self))
        }
        return names
    }
}
