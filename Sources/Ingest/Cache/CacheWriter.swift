// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO

/// Rows that wait until all blocks of the run are committed: a row must never name a block that
/// could still be lost.
///
/// What is more than a few megabytes waits in a temporary file without a name.
final class CacheWriter: @unchecked Sendable {
    // Sendable: the build stage alone writes while it runs, the run itself reads afterwards.

    private static let memoryByteLimit = 4 << 20
    /// Bytes of rows in one transaction: some 2,000 pages of the catalog's log.
    private static let transactionByteCount = 8 << 20
    /// Source (4 bytes, little-endian), directory (4), segment (2), last segment (2), length (4).
    private static let headByteCount = 16

    private let spillDirectory: String
    private var buffer: [UInt8] = []
    private var spill: TemporaryFile?
    private var spilledByteCount: Int64 = 0

    init(spillDirectory: String) { self.spillDirectory = spillDirectory }

    /// Keeps a row until ``commit(_:to:)``.
    ///
    /// - Throws: ``IngestError`` if the temporary file cannot be written.
    func stage(_ row: StatCacheRow, source: Int) throws {
        append(UInt64(source), 4)
        append(UInt64(row.id.directory), 4)
        append(UInt64(row.id.segment), 2)
        append(UInt64(row.lastSegment), 2)
        append(UInt64(row.body.count), 4)
        buffer.append(contentsOf: row.body)
        if buffer.count > Self.memoryByteLimit { try flush() }
    }

    private func append(_ value: UInt64, _ byteCount: Int) {
        for shift in 0..<byteCount {
            buffer.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * shift)))
        }
    }

    private func flush() throws {
        do throws(IOError) {
            let spill: TemporaryFile
            if let known = self.spill {
                spill = known
            } else {
                spill = try TemporaryFile(in: spillDirectory)
                self.spill = spill
            }
            try spill.file.writeAll(buffer, at: spilledByteCount)
        } catch {
            throw IngestError(
                .temporaryFile,
                "cannot keep rows of the stat cache in \(spillDirectory): \(error.reason); set TMPDIR to a directory with room, or run with --no-cache",
                cause: error)
        }
        spilledByteCount += Int64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Stages all rows in the caches of their sources, which are durable then.
    ///
    /// A cache that another run has changed meanwhile is left to that run.
    func commit(_ sources: [SourceCache?], to store: any Catalog) async throws {
        var left: Set<Int> = []
        var rows: [StatCacheRow] = []
        var byteCount = 0
        var owner = -1
        func flushRows() async throws {
            guard !rows.isEmpty, !left.contains(owner), let source = sources[owner] else {
                rows.removeAll()
                return
            }
            if let staged = try await store.stage(rows, removing: [], in: source.cache) {
                source.update(staged)
            } else {
                left.insert(owner)
            }
            rows.removeAll(keepingCapacity: true)
            byteCount = 0
        }
        try await forEachRow { source, row in
            if source != owner || byteCount >= Self.transactionByteCount { try await flushRows() }
            owner = source
            byteCount += row.body.count
            rows.append(row)
        }
        try await flushRows()
        for (index, source) in sources.enumerated() where !left.contains(index) {
            guard let source, !source.replaces else { continue }
            try await source.takeGone { numbers in
                let staged = try await store.stage([], removing: numbers, in: source.cache)
                if let staged { source.update(staged) }
                return staged != nil
            }
        }
    }

    private func forEachRow(_ body: (Int, StatCacheRow) async throws -> Void) async throws {
        var offset: Int64 = 0
        while let spill, offset < spilledByteCount {
            let head = try spill.file.readExactly(Self.headByteCount, at: offset)
            let (source, row, count) = Self.head(head[...])
            offset += Int64(Self.headByteCount)
            let content = try spill.file.readExactly(count, at: offset)
            offset += Int64(count)
            try await body(
                source, StatCacheRow(id: row.id, lastSegment: row.lastSegment, body: content))
        }
        var position = 0
        while position < buffer.count {
            let (source, row, count) = Self.head(buffer[position...])
            position += Self.headByteCount
            let content = Array(buffer[position..<position + count])
            position += count
            try await body(
                source, StatCacheRow(id: row.id, lastSegment: row.lastSegment, body: content))
        }
    }

    private static func head(
        _ bytes: ArraySlice<UInt8>
    ) -> (source: Int, row: StatCacheRow, byteCount: Int) {
        func number(_ offset: Int, _ byteCount: Int) -> UInt64 {
            (0..<byteCount).reduce(0) { number, index in
                number | UInt64(bytes[bytes.startIndex + offset + index]) << UInt64(8 * index)
            }
        }
        let id = StatCacheRow.ID(
            directory: UInt32(number(4, 4)), segment: UInt16(number(8, 2)))
        return (
            Int(number(0, 4)), StatCacheRow(id: id, lastSegment: UInt16(number(10, 2)), body: []),
            Int(number(12, 4))
        )
    }
}
