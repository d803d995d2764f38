// SPDX-License-Identifier: Apache-2.0

import FileIO
import Multiformats
import UnixFS

/// What the build stage does for the stat cache: makes the rows of directories that it builds, and
/// takes links from those that it need not.
final class CachingBuild {
    /// CIDs whose blocks are looked up together.
    private static let reuseCount = 1024

    /// Nil if nothing is to be remembered.
    private let writer: CacheWriter?
    private var source = 0
    private var sourceRow: RowBuilder?
    /// Directories that were open when the source began.
    private var sourceDepth = 0
    private var sourceLink: RootLink?
    private var reused: [CID] = []

    init(writer: CacheWriter?) { self.writer = writer }

    func beginSource(_ index: Int, _ status: FileStatus, depth: Int) {
        source = index
        sourceDepth = depth
        sourceLink = nil
        sourceRow = writer.map { RowBuilder(number: 0, status, source: index, writer: $0) }
    }

    func endSource(isUnchanged: Bool) throws {
        if !isUnchanged, let sourceLink { try sourceRow?.finish(sourceLink) }
        sourceRow = nil
    }

    /// The row of a directory that is about to be built.
    func row(_ tag: RowTag) -> RowBuilder? {
        writer.map { RowBuilder(number: tag.number, tag.status, source: source, writer: $0) }
    }

    /// Keeps what a file or symbolic link in `directory`, or as the source itself, became.
    func remember(
        _ kind: CacheEntry.Kind, _ name: [UInt8], _ status: FileStatus?, _ link: RootLink,
        in directories: [OpenDirectory]
    ) {
        change(directories, link) { row in
            guard let status else { return row.omit() }
            row.append(kind, name: name, status, link)
        }
    }

    /// Keeps what a directory in `directory`, or as the source itself, became.
    func remember(
        directory number: UInt32?, _ name: [UInt8], _ link: RootLink,
        in directories: [OpenDirectory]
    ) {
        change(directories, link) { row in
            guard let number else { return row.omit() }
            row.append(directory: number, name: name, link)
        }
    }

    /// Calls `body` with each of the entries in `bytes`, and keeps them as they are.
    func forEachLink(
        in bytes: [UInt8], copyingTo directories: [OpenDirectory],
        _ body: ([UInt8], RootLink) throws -> Void
    ) throws {
        var entries = CachedEntries(bytes, from: 0)
        var end = 0
        while let entry = entries.current {
            guard let range = entry.linkRange(in: bytes), let link = CacheEntry.link(bytes[range])
            else { break }
            try body(Array(bytes[entry.name]), link)
            reused.append(link.cid)
            change(directories, link) { $0.append(copy: bytes[entry.range]) }
            end = entry.range.upperBound
            entries.advance()
        }
        guard end == bytes.count else {
            throw IngestError(.staleCache, "the stat cache is damaged; it was dropped, run again")
        }
    }

    /// Changes the row that an entry goes to: that of the innermost directory, or of the source.
    private func change(
        _ directories: [OpenDirectory], _ link: RootLink, _ body: (inout RowBuilder) -> Void
    ) {
        guard directories.count > sourceDepth else {
            sourceLink = link
            return sourceRow.change(body)
        }
        directories.last?.row.change(body)
    }

    /// Makes sure that the blocks of links from the cache are stored.
    ///
    /// - Throws: ``IngestError/Code/staleCache``.
    func checkReused(_ claims: BlockClaims) async throws {
        guard !reused.isEmpty else { return }
        let asked = reused
        reused.removeAll(keepingCapacity: true)
        guard try await claims.reuse(asked) else {
            throw IngestError(
                .staleCache,
                "the stat cache names blocks that the store does not have; it was dropped, run again"
            )
        }
    }

    func checkReusedIfMany(_ claims: BlockClaims) async throws {
        if reused.count >= Self.reuseCount { try await checkReused(claims) }
    }
}

extension RowBuilder? {
    /// Changes the row in place, if there is one.
    mutating func change(_ body: (inout RowBuilder) -> Void) {
        guard var row = take() else { return }
        body(&row)
        self = row
    }
}
