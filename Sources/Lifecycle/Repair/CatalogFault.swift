// SPDX-License-Identifier: Apache-2.0

public import Repository

/// Why a repository's catalog is of no use, so that there is no repository to work with until it
/// has a new one.
public struct CatalogFault: Sendable {
    /// What is wrong, in words.
    public let reason: String

    /// Faults of the file that are told; more say nothing more.
    private static let faultLimit = 5

    /// Looks whether the catalog of the repository at `path` can be used; nil if it can.
    ///
    /// Reads all of it.
    /// - Throws: `RepositoryError`, `CatalogError` if the fault is another: no repository, a newer
    ///   release's, no permission.
    public static func find(at path: String) async throws -> CatalogFault? {
        let faults = try await Repository.catalogFaults(at: path, limit: faultLimit)
        return faults.first.map {
            CatalogFault(
                reason: faults.count == 1 ? $0 : "\($0), and \(faults.count - 1) faults more")
        }
    }

    /// Puts a new catalog in the place of the damaged one, which is kept beside it, and fills it
    /// from the packs.
    ///
    /// - Throws: as `Repository.openForReindex` and ``Reindex``.
    public func replace(
        at path: String, onPack: @escaping @Sendable (_ done: Int, _ of: Int) -> Void
    ) async throws -> Repository {
        let known = await KnownSnapshots.read(fromDamaged: path)
        let repository = try await Repository.openReplacingCatalog(path)
        _ = try await Reindex(repository).run(onPack: onPack)
        try await known?.restore(to: repository)
        return repository
    }
}
