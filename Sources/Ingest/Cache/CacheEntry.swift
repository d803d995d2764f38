// SPDX-License-Identifier: Apache-2.0

import FileIO
import Multiformats
import UnixFS

/// An entry of a directory as the stat cache keeps it: what its status was, and what it became.
///
/// It stands for itself, so that it can be copied from one row to another. Form:
/// `Docs/catalog.md`, "Rows of the stat cache".
struct CacheEntry {
    /// What an entry is.
    enum Kind: UInt8 {
        case file
        case symbolicLink
        case directory
    }

    /// All of the entry.
    let range: Range<Int>
    let kind: Kind
    let name: Range<Int>
    /// Status or directory number, then the link.
    let payload: Range<Int>

    /// Reads the entry at `offset`; nil if there is none, or it is none.
    ///
    /// - Complexity: O(1); does not allocate.
    init?(_ bytes: UnsafeRawBufferPointer, at offset: Int, end: Int) {
        var cursor = ByteCursor(bytes, offset, end)
        guard let length = cursor.varint(), let size = Int(exactly: length),
            size <= cursor.end - cursor.position
        else { return nil }
        cursor.end = cursor.position + size
        guard let tag = cursor.byte(), let kind = Kind(rawValue: tag),
            let nameCount = cursor.varint(), nameCount <= UInt64(cursor.end - cursor.position)
        else { return nil }
        self.kind = kind
        name = cursor.position..<cursor.position + Int(nameCount)
        payload = name.upperBound..<cursor.end
        range = offset..<cursor.end
    }

    /// The number of the directory that the entry is.
    func directoryNumber(in bytes: [UInt8]) -> UInt32? {
        guard kind == .directory else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes, payload.lowerBound, payload.upperBound)
            return cursor.varint().flatMap { UInt32(exactly: $0) }
        }
    }

    /// Where the link stands: Tsize, then CID.
    func linkRange(in bytes: [UInt8]) -> Range<Int>? {
        bytes.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes, payload.lowerBound, payload.upperBound)
            switch kind {
            case .directory: guard cursor.varint() != nil else { return nil }
            case .file, .symbolicLink: guard cursor.skipStatus() else { return nil }
            }
            return cursor.position..<cursor.end
        }
    }
}

extension CacheEntry {
    /// Appends an entry for a file or symbolic link.
    static func append(
        _ kind: Kind, name: [UInt8], _ status: FileStatus, _ link: RootLink,
        to output: inout [UInt8]
    ) {
        var payload = StatusCode()
        payload.encode(status)
        append(kind, name: name, link, to: &output) { payload.append(to: &$0) }
    }

    /// Appends an entry for a directory.
    static func append(
        directory number: UInt32, name: [UInt8], _ link: RootLink, to output: inout [UInt8]
    ) {
        append(.directory, name: name, link, to: &output) { Varint.append(UInt64(number), to: &$0) }
    }

    private static func append(
        _ kind: Kind, name: [UInt8], _ link: RootLink, to output: inout [UInt8],
        _ payload: (inout [UInt8]) -> Void
    ) {
        var body: [UInt8] = [kind.rawValue]
        Varint.append(UInt64(name.count), to: &body)
        body.append(contentsOf: name)
        payload(&body)
        appendLink(link, to: &body)
        Varint.append(UInt64(body.count), to: &output)
        output.append(contentsOf: body)
    }

    /// Appends Tsize and CID.
    static func appendLink(_ link: RootLink, to output: inout [UInt8]) {
        Varint.append(link.tsize & UInt64(Int64.max), to: &output)
        output.append(contentsOf: link.cid.bytes)
    }

    /// Reads Tsize and CID; nil if they are none.
    static func link(_ bytes: ArraySlice<UInt8>) -> RootLink? {
        bytes.withUnsafeBytes { buffer in
            var cursor = ByteCursor(buffer, 0, buffer.count)
            guard let tsize = cursor.varint(),
                let cid = try? CID(Array(buffer[cursor.position..<cursor.end]))  // none: damaged
            else { return nil }
            return RootLink(cid: cid, tsize: tsize)
        }
    }
}

/// A file's status in the form in which it stands in an entry: equal bytes are equal states.
///
/// Everything that changes when a file is written to, replaced or linked, so: device, inode, size,
/// permissions, modification and change time, number of names. Kept in place, so that comparing
/// allocates nothing.
struct StatusCode {
    /// Ten varints of at most ten bytes.
    private var bytes = InlineArray<104, UInt8>(repeating: 0)
    private(set) var count = 0

    /// Forgets the last status and takes this one.
    mutating func encode(_ status: FileStatus) {
        count = 0
        let isChangedWithContent = status.changed == status.modified
        let isSole = status.linkCount == 1
        append((isChangedWithContent ? 1 : 0) | (isSole ? 2 : 0))
        append(status.device)
        append(status.inode)
        append(UInt64(bitPattern: status.byteCount))
        append(UInt64(status.permissions))
        append(status.modified)
        if !isChangedWithContent { append(status.changed) }
        if !isSole { append(status.linkCount) }
    }

    /// Whether `range` of `bytes` begins with this status.
    func isPrefix(of bytes: UnsafeRawBufferPointer, in range: Range<Int>) -> Bool {
        guard range.count >= count else { return false }
        for index in 0..<count where bytes[range.lowerBound + index] != self.bytes[index] {
            return false
        }
        return true
    }

    func append(to output: inout [UInt8]) {
        for index in 0..<count { output.append(bytes[index]) }
    }

    private mutating func append(_ time: FileStatus.Time) {
        append(UInt64(bitPattern: time.seconds << 1 ^ time.seconds >> 63))
        append(UInt64(time.nanoseconds))
    }

    /// All 64 bits, unlike the varints of multiformats.
    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count += 1
            rest >>= 7
        }
        bytes[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
    }
}

/// Reads numbers from bytes that may be damaged.
struct ByteCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    var end: Int

    /// A cursor over `position..<end` of `bytes`, which must hold that range while it is used.
    init(_ bytes: UnsafeRawBufferPointer, _ position: Int, _ end: Int) {
        precondition(0 <= position && position <= end && end <= bytes.count)
        self.bytes = bytes
        self.position = position
        self.end = end
    }

    mutating func byte() -> UInt8? {
        guard position < end else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    mutating func word() -> UInt64? {
        guard end - position >= 8 else { return nil }
        defer { position += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    mutating func time() -> FileStatus.Time? {
        guard let seconds = varint(), let nanoseconds = varint(),
            let nanoseconds = UInt32(exactly: nanoseconds)
        else { return nil }
        return FileStatus.Time(
            seconds: Int64(bitPattern: seconds >> 1) ^ -Int64(bitPattern: seconds & 1),
            nanoseconds: nanoseconds)
    }

    /// Passes what ``StatusCode`` wrote.
    mutating func skipStatus() -> Bool {
        guard let flags = byte() else { return false }
        let count = 6 + (flags & 1 == 0 ? 2 : 0) + (flags & 2 == 0 ? 1 : 0)
        for _ in 0..<count where varint() == nil { return false }
        return true
    }
}
