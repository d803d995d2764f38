// SPDX-License-Identifier: Apache-2.0

import FileIO
import UnixFS

/// The row that tells of a whole directory: what it became, and its entries if they are few.
///
/// Form: `Docs/catalog.md`, "Rows of the stat cache".
struct CachedDirectory {
    /// A further row, with a part of the entries.
    struct Segment: Hashable {
        /// The hash of the name at which the listing was cut; 0 for the last segment.
        let boundary: UInt64
        /// The checksum of the row, by which a row of another state is known.
        let checksum: UInt64
    }

    static let formatVersion: UInt8 = 1

    let permissions: UInt32
    let modified: FileStatus.Time
    /// The directory's link; nil if its node has entries that are not in the cache.
    let link: ArraySlice<UInt8>?
    /// Empty if the entries are in this row.
    let segments: [Segment]
    let entries: CachedEntries

    /// Reads a row's body, which was found to be whole.
    init?(_ body: [UInt8]) {
        let parsed = body.withUnsafeBytes { bytes -> (Self.Fields, Int, Range<Int>?)? in
            var cursor = ByteCursor(bytes, 0, bytes.count)
            guard cursor.byte() == Self.formatVersion, let permissions = cursor.varint(),
                let permissions = UInt32(exactly: permissions), let modified = cursor.time(),
                let linkCount = cursor.varint(),
                linkCount <= UInt64(cursor.end - cursor.position)
            else { return nil }
            let linkStart = cursor.position
            let link = linkStart..<linkStart + Int(linkCount)
            cursor = ByteCursor(bytes, link.upperBound, bytes.count)
            guard let count = cursor.varint(), count <= UInt64(cursor.end - cursor.position)
            else { return nil }
            var segments: [Segment] = []
            for _ in 0..<count {
                guard let boundary = cursor.word(), let checksum = cursor.word() else { return nil }
                segments.append(Segment(boundary: boundary, checksum: checksum))
            }
            return (
                Fields(permissions: permissions, modified: modified, segments: segments),
                cursor.position, link.isEmpty ? nil : link
            )
        }
        guard let (fields, start, link) = parsed else { return nil }
        permissions = fields.permissions
        modified = fields.modified
        segments = fields.segments
        self.link = link.map { body[$0] }
        entries = CachedEntries(body, from: start)
    }

    private struct Fields {
        let permissions: UInt32
        let modified: FileStatus.Time
        let segments: [Segment]
    }

    /// A row's body but for its checksum; `entries` is empty if there are segments.
    static func body(
        _ status: FileStatus, link: RootLink?, segments: [Segment], entries: [UInt8]
    ) -> [UInt8] {
        var body: [UInt8] = [formatVersion]
        body.reserveCapacity(entries.count + segments.count * 16 + 128)
        appendVarint(UInt64(status.permissions), to: &body)
        let seconds = status.modified.seconds
        appendVarint(UInt64(bitPattern: seconds << 1 ^ seconds >> 63), to: &body)
        appendVarint(UInt64(status.modified.nanoseconds), to: &body)
        var tail: [UInt8] = []
        if let link { CacheEntry.appendLink(link, to: &tail) }
        appendVarint(UInt64(tail.count), to: &body)
        body.append(contentsOf: tail)
        appendVarint(UInt64(segments.count), to: &body)
        for segment in segments {
            RowChecksum.append(segment.boundary, to: &body)
            RowChecksum.append(segment.checksum, to: &body)
        }
        body.append(contentsOf: entries)
        return body
    }

    private static func appendVarint(_ value: UInt64, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// The entries of a row, sorted by name, and how far they have been looked at.
struct CachedEntries {
    private(set) var bytes: [UInt8]
    /// Where the first entry begins.
    let start: Int
    /// The entry that was not passed yet; nil at the end.
    private(set) var current: CacheEntry?

    /// No entries.
    static let none = CachedEntries([], from: 0)

    init(_ bytes: [UInt8], from start: Int) {
        self.bytes = bytes
        self.start = start
        read(at: start)
    }

    /// Passes the current entry.
    mutating func advance() {
        guard let current else { return }
        read(at: current.range.upperBound)
    }

    /// Begins again.
    mutating func rewind() { read(at: start) }

    /// What was passed, as it stands in the row.
    var passed: ArraySlice<UInt8> { bytes[start..<(current?.range.lowerBound ?? bytes.count)] }

    /// How the current entry's name compares to `name`: below 0 if it comes first; nil at the end.
    ///
    /// - Complexity: O(name length); does not allocate.
    func order(to name: UnsafeRawBufferPointer) -> Int? {
        guard let own = current?.name else { return nil }
        return bytes.withUnsafeBytes { bytes in
            let own = UnsafeRawBufferPointer(rebasing: bytes[own])
            let common = min(own.count, name.count)
            for index in 0..<common where own[index] != name[index] {
                return Int(own[index]) - Int(name[index])
            }
            return own.count - name.count
        }
    }

    /// Whether the current entry is a `kind` of that status.
    func isCurrent(_ kind: CacheEntry.Kind, _ status: StatusCode) -> Bool {
        guard let current, current.kind == kind else { return false }
        return bytes.withUnsafeBytes { status.isPrefix(of: $0, in: current.payload) }
    }

    private mutating func read(at offset: Int) {
        current = bytes.withUnsafeBytes { CacheEntry($0, at: offset, end: bytes.count) }
    }
}

/// Tells rows that are as they were written from others.
enum RowChecksum {
    private static let byteCount = 8

    /// The body with its checksum behind it, and the checksum.
    static func seal(_ body: [UInt8], number: UInt32, segment: UInt16) -> ([UInt8], UInt64) {
        let checksum = of(body[...], number, segment)
        var sealed = body
        append(checksum, to: &sealed)
        return (sealed, checksum)
    }

    /// The body without its checksum, and the checksum; nil if they do not fit.
    static func open(
        _ sealed: [UInt8], number: UInt32, segment: UInt16
    ) -> (body: [UInt8], checksum: UInt64)? {
        guard sealed.count >= byteCount else { return nil }
        let stated = sealed.withUnsafeBytes {
            UInt64(
                littleEndian: $0.loadUnaligned(
                    fromByteOffset: sealed.count - byteCount, as: UInt64.self))
        }
        guard of(sealed.dropLast(byteCount), number, segment) == stated else { return nil }
        var body = sealed
        body.removeLast(byteCount)
        return (body, stated)
    }

    static func append(_ value: UInt64, to output: inout [UInt8]) {
        for shift in 0..<8 { output.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * shift))) }
    }

    /// Each step is one-to-one in the word and in what came before, so that damage within one word
    /// never goes unseen, and other damage once in 2^64 times.
    private static func of(_ bytes: ArraySlice<UInt8>, _ number: UInt32, _ segment: UInt16)
        -> UInt64
    {
        bytes.withUnsafeBytes { bytes in
            var state = UInt64(number) << 16 | UInt64(segment)
            var offset = 0
            func mix(_ word: UInt64) {
                state = (state << 23 | state >> 41) ^ word
                state &*= 0x9e37_79b9_7f4a_7c15
                state ^= state >> 29
            }
            while bytes.count - offset >= 8 {
                mix(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian)
                offset += 8
            }
            var last = UInt64(bytes.count) << 56
            for index in offset..<bytes.count {
                last |= UInt64(bytes[index]) << UInt64(8 * (index - offset))
            }
            mix(last)
            return state
        }
    }
}
