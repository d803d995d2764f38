// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO
import Multiformats
import UnixFS

/// What earlier runs left of one source: its rows, read ahead in the order of the scan, and the
/// numbers that its directories have.
///
/// Directories are numbered as the scan meets them, so the rows lie in the order in which a scan
/// asks for them, and most look-ups cost no call.
final class SourceCache: @unchecked Sendable {
    // Sendable: the scan stage alone uses it while it runs, the run itself before and after.

    /// Bytes read at a time: few where a row was met by jumping, more as long as each next one
    /// follows.
    private static let readByteCounts = (least: 16 << 10, most: 1 << 20)

    private(set) var cache: StatCache
    /// Whether something was taken for stored because a row says so.
    private(set) var isReliedOn = false
    /// Directories that are there no more.
    private(set) var gone: [UInt32] = []
    /// Whether all rows are of this run.
    let replaces: Bool

    private let store: any Catalog
    private var ahead: [StatCacheRow] = []
    private var position = 0
    private var readByteCount = readByteCounts.least

    /// The cache of `key`; where it is not to be read, only what is written counts.
    init(_ store: any Catalog, key: [UInt8], reads: Bool) async throws {
        self.store = store
        var cache = try await store.statCache(for: key)
        var isUsable = reads && cache.number != nil
        if isUsable { isUsable = try await Self.isUsable(cache, in: store) }
        if !isUsable {
            cache.number = nil
            cache.version = 0
            cache.nextDirectory = 1
        }
        self.cache = cache
        replaces = cache.number == nil
    }

    /// Whether the blocks are there that the rows name: those of the source's own link stand for
    /// all beneath it, as long as no pack has been removed.
    private static func isUsable(
        _ cache: StatCache, in store: any Catalog
    ) async throws -> Bool {
        let first = StatCacheRow.ID(directory: 0)
        guard let row = try await store.statCacheRows(of: cache, from: first, byteLimit: 1).first,
            row.id == first,
            let (body, _) = RowChecksum.open(row.body, number: 0, segment: 0),
            let directory = CachedDirectory(body)
        else { return false }
        guard let entry = directory.entries.current,
            let range = entry.linkRange(in: directory.entries.bytes),
            let link = CacheEntry.link(directory.entries.bytes[range]), !link.cid.isInline
        else { return true }
        return try await store.durablePlaces(of: [Array(link.cid.multihashBytes)])[0] != nil
    }

    /// A number for a directory that has none; nil when they are used up.
    func makeNumber() -> UInt32? {
        guard cache.nextDirectory <= StatCacheRow.directoryLimit else { return nil }
        defer { cache.nextDirectory += 1 }
        return cache.nextDirectory
    }

    func rely() { isReliedOn = true }

    /// Notes that a directory has gone with all that was in it.
    func lose(_ number: UInt32) { gone.append(number) }

    /// The row that tells of a directory; nil if there is none that can be used.
    func directory(_ number: UInt32) async throws -> CachedDirectory? {
        guard let (body, _) = try await row(StatCacheRow.ID(directory: number)) else { return nil }
        return CachedDirectory(body)
    }

    /// The entries in a segment of a directory; nil if the row cannot be used.
    func entries(
        of number: UInt32, segment: Int, in directory: CachedDirectory
    ) async throws -> CachedEntries? {
        let id = StatCacheRow.ID(directory: number, segment: UInt16(segment + 1))
        guard let (body, checksum) = try await row(id),
            checksum == directory.segments[segment].checksum
        else { return nil }
        return CachedEntries(body, from: 0)
    }

    private func row(_ id: StatCacheRow.ID) async throws -> (body: [UInt8], checksum: UInt64)? {
        guard cache.number != nil else { return nil }
        if !isAhead(id) {
            let follows = ahead.last.map { $0.id < id } ?? false
            let next = follows ? readByteCount * 2 : Self.readByteCounts.least
            readByteCount = min(next, Self.readByteCounts.most)
            ahead = try await store.statCacheRows(of: cache, from: id, byteLimit: readByteCount)
            position = 0
        }
        while position < ahead.count, ahead[position].id < id { position += 1 }
        guard position < ahead.count, ahead[position].id == id else { return nil }
        return RowChecksum.open(ahead[position].body, number: id.directory, segment: id.segment)
    }

    /// Whether the row, if it exists, is among those that were read.
    private func isAhead(_ id: StatCacheRow.ID) -> Bool {
        guard position < ahead.count, let last = ahead.last else { return false }
        return ahead[position].id <= id && id <= last.id
    }

    /// Finds the directories that went with those that have gone, and hands out all of them, a few
    /// at a time.
    func takeGone(_ body: ([UInt32]) async throws -> Bool) async throws {
        var batch: [UInt32] = []
        while let number = gone.popLast() {
            try await collect(below: number)
            batch.append(number)
            if batch.count == 1024 || gone.isEmpty {
                guard try await body(batch) else { return }
                batch.removeAll()
            }
        }
    }

    private func collect(below number: UInt32) async throws {
        guard let directory = try await directory(number) else { return }
        var rows = [directory.entries]
        for segment in directory.segments.indices {
            if let more = try await entries(of: number, segment: segment, in: directory) {
                rows.append(more)
            }
        }
        for var entries in rows {
            while let entry = entries.current {
                if let inner = entry.directoryNumber(in: entries.bytes) { gone.append(inner) }
                entries.advance()
            }
        }
    }

    func update(_ cache: StatCache) { self.cache = cache }
}
