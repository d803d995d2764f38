// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import FileIO
import ObjectStore
public import PackStore

extension Repository {
    /// The tiers that hold a pack: first the one that reads use, then those of further copies.
    ///
    /// - Throws: ``RepositoryError`` if the catalog does not know the pack.
    public func places(ofPack pack: PackID) async throws -> [PackTier] {
        let tiers = try await catalog.tiers(of: pack)
        guard !tiers.isEmpty else {
            throw RepositoryError(
                .needsReindex, "the catalog does not know pack \(pack); run `cairn reindex`")
        }
        return tiers
    }

    /// The tiers that lie on other machines, where reading may cost money.
    public var farTiers: Set<PackTier> {
        Set(
            config.tiers.filter { if case .bucket = $0.backend { true } else { false } }.map(\.tier)
        )
    }

    /// Writes down when packs were read, as far as that is new, in one transaction.
    ///
    /// To be called when a command ends, and now and then while a program runs: reads do not wait
    /// for it.
    /// - Throws: `CatalogError`.
    public func writeAccessTimes() async throws {
        try await catalog.noteAccesses(packs.accesses.take())
    }

    /// Takes the right to move packs and to delete their files; nil if another has it.
    ///
    /// - Throws: `IOError`.
    public func takeTierLock() async throws -> TierLock? {
        try await TierLock.take(ofRepository: path)
    }

    /// Makes a configured tier ready to take packs.
    ///
    /// - Throws: `PackError` with `unreachable` if it cannot be reached, or is another repository's.
    public func prepare(_ tier: PackTier, holding lock: TierLock) async throws {
        try await onTier(tier) { try $0.prepare() }
    }

    /// Takes over a tier of a repository that is lost: what lies there is this one's from now on.
    ///
    /// - Throws: `PackError` with `unreachable` if it cannot be reached.
    public func attach(_ tier: PackTier, holding lock: TierLock) async throws {
        try await onTier(tier) { try $0.attach() }
    }

    private func onTier(
        _ tier: PackTier, _ body: @escaping @Sendable (TierObjectStore) throws -> Void
    ) async throws {
        guard let store = configuredStores[tier] else { return }
        try await BlockingPool.shared.run {
            do { try body(store) } catch let error as ObjectStoreError {
                throw PackError(error, pack: nil)
            }
        }
    }
}

/// What came of deleting files that nobody needs any more.
public struct RemovalReport: Sendable {
    /// Files that are gone.
    public internal(set) var removedCount = 0
    /// Those that could not be deleted, for a reason of their tier's; they stay on the list.
    public internal(set) var failures: [PackError] = []
    /// Whether another process holds the lock, and sees to it.
    public internal(set) var isBusy = false

    /// Nothing removed.
    public init() {}
}

extension Repository {
    /// Deletes the files that the catalog no longer relies on.
    ///
    /// - Parameter chosen: only files in these tiers; nil for all. Who must not wait for a network
    ///   names the ``localTiers``.
    /// - Throws: `CatalogError`, `IOError`; what a tier refuses is a result.
    @discardableResult
    public func removeDoomed(in chosen: [PackTier]? = nil) async throws -> RemovalReport {
        var report = RemovalReport()
        let isNeeded = try await catalog.doomedPacks().contains {
            chosen?.contains($0.tier) ?? true
        }
        guard isNeeded else { return report }
        guard let lock = try await takeTierLock() else {
            report.isBusy = true
            return report
        }
        return try await removeDoomed(in: chosen, holding: lock)
    }

    /// Deletes the files that the catalog no longer relies on, under a lock that is held already.
    ///
    /// Only under the lock: a file on the list may be one that a move has just begun to rely on
    /// again, and has then been taken off the list.
    /// - Throws: `CatalogError`; what a tier refuses is a result.
    @discardableResult
    public func removeDoomed(
        in chosen: [PackTier]? = nil, holding lock: TierLock
    ) async throws -> RemovalReport {
        var report = RemovalReport()
        var unreachable: Set<PackTier> = []
        var removed: [DoomedPack] = []
        for doomed in try await catalog.doomedPacks()
        where chosen?.contains(doomed.tier) ?? true {
            try Task.checkCancellation()
            guard packs.tiers[doomed.tier] != nil else {
                report.failures.append(
                    PackError(
                        .unreachable, pack: doomed.id,
                        message:
                            "is to be deleted in tier \(doomed.tier), which config.yaml does not name"
                    ))
                continue
            }
            if unreachable.contains(doomed.tier) { continue }
            // What is relied on is never deleted, whatever the list says.
            if try await catalog.tiers(of: doomed.id).contains(doomed.tier) {
                removed.append(doomed)
                continue
            }
            do {
                try await packs.delete(doomed.id, tier: doomed.tier)
                report.removedCount += 1
            } catch let error as PackError {
                guard error.code == .notFound else {
                    report.failures.append(error)
                    if error.code == .unreachable { unreachable.insert(doomed.tier) }
                    continue
                }
            }
            forgetPlace(of: doomed.id)
            removed.append(doomed)
            if removed.count >= 256 {
                try await catalog.undoom(removed)
                removed = []
            }
        }
        try await catalog.undoom(removed)
        return report
    }
}
