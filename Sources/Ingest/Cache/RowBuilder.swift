// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO
import UnixFS

/// The row of a directory that is being built.
///
/// Belongs to the build stage. Memory is that of one segment's entries, at most some 16,384.
struct RowBuilder {
    let number: UInt32
    private let status: FileStatus
    private let source: Int
    private let writer: CacheWriter
    /// Whether each of the directory's entries is in the row, so that its link holds as long as
    /// they do.
    private var isComplete = true
    private var entries: [UInt8] = []
    private var slots: [(range: Range<Int>, name: Range<Int>)] = []
    private var segments: [CachedDirectory.Segment] = []
    private var isTooLarge = false

    init(number: UInt32, _ status: FileStatus, source: Int, writer: CacheWriter) {
        self.number = number
        self.status = status
        self.source = source
        self.writer = writer
    }

    /// Adds a file or symbolic link.
    mutating func append(
        _ kind: CacheEntry.Kind, name: [UInt8], _ status: FileStatus, _ link: RootLink
    ) {
        append { CacheEntry.append(kind, name: name, status, link, to: &$0) }
    }

    /// Adds a directory.
    mutating func append(directory number: UInt32, name: [UInt8], _ link: RootLink) {
        append { CacheEntry.append(directory: number, name: name, link, to: &$0) }
    }

    /// Adds an entry as it stands in another row.
    mutating func append(copy: ArraySlice<UInt8>) { append { $0.append(contentsOf: copy) } }

    /// Says that the directory has an entry that is not to be remembered.
    mutating func omit() { isComplete = false }

    private mutating func append(_ encode: (inout [UInt8]) -> Void) {
        let start = entries.count
        encode(&entries)
        let entry = entries.withUnsafeBytes { CacheEntry($0, at: start, end: $0.count) }
        guard let entry else { preconditionFailure("an entry was encoded wrongly") }
        slots.append((entry.range, entry.name))
    }

    /// Ends a part of the listing.
    mutating func endSegment(_ boundary: UInt64) throws {
        guard segments.count + 1 < Int(StatCacheRow.segmentLimit) else {
            isTooLarge = true
            entries.removeAll(keepingCapacity: true)
            slots.removeAll(keepingCapacity: true)
            return
        }
        let segment = UInt16(segments.count + 1)
        let (body, checksum) = RowChecksum.seal(sortedEntries(), number: number, segment: segment)
        segments.append(CachedDirectory.Segment(boundary: boundary, checksum: checksum))
        let id = StatCacheRow.ID(directory: number, segment: segment)
        try writer.stage(StatCacheRow(id: id, body: body), source: source)
    }

    /// Ends the row; `link` is what the directory became.
    mutating func finish(_ link: RootLink) throws {
        if isTooLarge { return }
        if !segments.isEmpty { try endSegment(0) }
        let body = CachedDirectory.body(
            status, link: isComplete ? link : nil, segments: segments,
            entries: segments.isEmpty ? sortedEntries() : [])
        let (sealed, _) = RowChecksum.seal(body, number: number, segment: 0)
        try writer.stage(
            StatCacheRow(
                id: StatCacheRow.ID(directory: number), lastSegment: UInt16(segments.count),
                body: sealed), source: source)
    }

    /// The entries gathered, in the order of their names; they are forgotten here.
    private mutating func sortedEntries() -> [UInt8] {
        var sorted: [UInt8] = []
        sorted.reserveCapacity(entries.count)
        entries.withUnsafeBytes { bytes in
            slots.sort { left, right in
                UnsafeRawBufferPointer(rebasing: bytes[left.name])
                    .lexicographicallyPrecedes(UnsafeRawBufferPointer(rebasing: bytes[right.name]))
            }
            for slot in slots { sorted.append(contentsOf: bytes[slot.range]) }
        }
        entries.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        return sorted
    }
}
