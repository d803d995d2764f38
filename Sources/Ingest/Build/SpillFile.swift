// SPDX-License-Identifier: Apache-2.0

import FileIO
import UnixFS

/// Sorted runs of directory entries in a temporary file that has no name, so that it is gone with
/// the process.
///
/// For directories that are larger than memory.
final class SpillFile {
    /// Bytes read ahead per run while merging.
    private static let readAheadByteCount = 64 * 1024

    private let temporary: TemporaryFile
    private var runs: [Range<Int64>] = []
    private var end: Int64 = 0

    /// Makes the file in the directory `path`.
    ///
    /// - Throws: ``IOError``.
    init(in path: String) throws(IOError) {
        temporary = try TemporaryFile(in: path)
    }

    /// Writes a run, sorted by HAMT key.
    func append(_ run: EntryRun) throws(IOError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(run.bytes.count)
        for entry in run.sortedByKey() { bytes.append(contentsOf: entry) }
        try temporary.file.writeAll(bytes, at: end)
        runs.append(end..<end + Int64(bytes.count))
        end += Int64(bytes.count)
    }

    /// Calls `body` with all entries in the order of their HAMT keys.
    func merge(_ body: (DirectoryEntry) async throws -> Void) async throws {
        var cursors = try runs.compactMap { try Cursor(temporary.file, $0) }
        while !cursors.isEmpty {
            var least = 0
            for index in cursors.indices.dropFirst()
            where cursors[index].key < cursors[least].key { least = index }
            try await body(cursors[least].entry)
            if try !cursors[least].advance(temporary.file) { cursors.remove(at: least) }
        }
    }

    /// A position in a run, at an entry.
    private struct Cursor {
        private var unread: Range<Int64>
        private var buffer: [UInt8] = []
        private var position = 0
        private(set) var entry: DirectoryEntry
        private(set) var key: UInt64

        init?(_ file: borrowing File, _ run: Range<Int64>) throws(IOError) {
            unread = run
            guard let first = try Self.next(file, &unread, &buffer, &position) else { return nil }
            entry = first
            key = HAMTBuilder.sortKey(of: first.name)
        }

        mutating func advance(_ file: borrowing File) throws(IOError) -> Bool {
            guard let next = try Self.next(file, &unread, &buffer, &position) else { return false }
            entry = next
            key = HAMTBuilder.sortKey(of: next.name)
            return true
        }

        private static func next(
            _ file: borrowing File, _ unread: inout Range<Int64>, _ buffer: inout [UInt8],
            _ position: inout Int
        ) throws(IOError) -> DirectoryEntry? {
            while true {
                let rest = buffer[position...]
                if rest.count >= EntryRun.headByteCount {
                    let lengths = EntryRun.lengths(rest)
                    if rest.count >= EntryRun.headByteCount + lengths.name + lengths.cid {
                        let (entry, end) = EntryRun.decode(buffer, at: position)
                        position = end
                        return entry
                    }
                }
                if unread.isEmpty { return nil }
                let count = min(Int64(SpillFile.readAheadByteCount), Int64(unread.count))
                let more = try file.readExactly(Int(count), at: unread.lowerBound)
                unread = unread.lowerBound + count..<unread.upperBound
                buffer = Array(rest) + more
                position = 0
            }
        }
    }
}
