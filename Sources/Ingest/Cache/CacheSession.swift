// SPDX-License-Identifier: Apache-2.0

import Catalog

/// The stat caches that one run uses, one for each source that has a path.
final class CacheSession: Sendable {
    /// By the sources' order; nil for standard input.
    let sources: [SourceCache?]
    /// Nil if nothing is to be remembered.
    let writer: CacheWriter?

    private let catalog: any Catalog

    /// Opens the caches; nil if the run has no catalog to keep them in.
    init?(
        _ sources: [IngestSource], _ catalog: (any Catalog)?, _ options: IngestOptions
    ) async throws {
        guard let catalog, options.purpose != .onlyHash else { return nil }
        self.catalog = catalog
        writer =
            options.purpose == .store
            ? CacheWriter(spillDirectory: options.spillDirectory) : nil
        var caches: [SourceCache?] = []
        var keys: Set<[UInt8]> = []
        for source in sources {
            // A source that is named twice has one cache, which only one can change.
            guard case .path(let path) = source, let key = CacheKey.bytes(of: path, options),
                keys.insert(key).inserted
            else {
                caches.append(nil)
                continue
            }
            caches.append(
                try await SourceCache(catalog, key: key, reads: options.usesStatCache))
        }
        self.sources = caches
    }

    /// Writes the rows of what has changed; all blocks of the run must be committed.
    func commitRows() async throws { try await writer?.commit(sources, to: catalog) }

    /// What is to be recorded together with the snapshot.
    var commits: [StatCacheCommit] {
        sources.compactMap { source in
            source.map {
                StatCacheCommit(
                    cache: $0.cache, replaces: $0.replaces, isReliedOn: $0.isReliedOn)
            }
        }
    }

    /// Forgets what is remembered of all sources; a run that writes nothing leaves it.
    func drop() async throws {
        guard writer != nil else { return }
        for source in sources {
            if let source { try await catalog.dropStatCache(for: source.cache.key) }
        }
    }

    /// Removes rows that no cache needs any more; a bounded number, so that no run waits long.
    func sweep() async throws {
        for _ in 0..<50 {
            guard try await catalog.sweepStatCaches() else { return }
        }
    }
}
