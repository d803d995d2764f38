// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Entries of one directory, their names in one buffer: no allocation per entry.
public struct EntryBatch: Sendable {
    private struct Slot {
        /// The name's first eight bytes as a number, by which most names are told apart.
        let key: UInt64
        let offset: Int
        let count: Int
        let kind: FileStatus.Kind
    }

    /// The names, each with a NUL behind it.
    public private(set) var bytes: [UInt8] = []
    private var slots: [Slot] = []

    /// A batch without entries.
    public init() {}

    /// How many entries there are.
    public var count: Int { slots.count }

    /// The kind of an entry, or `unknown` where the file system does not tell.
    public func kind(at index: Int) -> FileStatus.Kind { slots[index].kind }

    /// Where in ``bytes`` the name of an entry stands, without its NUL.
    public func nameRange(at index: Int) -> Range<Int> {
        slots[index].offset..<slots[index].offset + slots[index].count
    }

    /// A copy of an entry's name.
    public func name(at index: Int) -> [UInt8] { Array(bytes[nameRange(at: index)]) }

    /// Whether one of the entries has that name.
    ///
    /// - Complexity: O(entries).
    public func contains(_ name: [UInt8]) -> Bool {
        slots.indices.contains {
            slots[$0].count == name.count && bytes[nameRange(at: $0)].elementsEqual(name)
        }
    }

    /// A hash of the last entry's name, the same on every machine; 0 if there is none.
    ///
    /// FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>, with its bits mixed once more.
    public var hashOfLastName: UInt64 {
        guard !slots.isEmpty else { return 0 }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in nameRange(at: slots.count - 1) {
            hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3
        }
        return (hash ^ hash >> 32) &* 0x9e37_79b9_7f4a_7c15 >> 8
    }

    /// Forgets the entries and keeps the memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
    }

    /// Sorts the entries by the bytes of their names.
    public mutating func sort() {
        slots.sort { left, right in
            if left.key != right.key { return left.key < right.key }
            let ends = (left.offset + left.count, right.offset + right.count)
            return bytes[left.offset..<ends.0]
                .lexicographicallyPrecedes(bytes[right.offset..<ends.1])
        }
    }

    /// Appends an entry; `name` is the rest of the buffer that the file system filled, without NUL.
    @unsafe mutating func append(_ name: UnsafeRawBufferPointer, _ kind: FileStatus.Kind) {
        var key: UInt64 = 0
        for index in 0..<min(8, name.count) {
            unsafe key |= UInt64(name[index]) << UInt64(56 - 8 * index)
        }
        slots.append(Slot(key: key, offset: bytes.count, count: name.count, kind: kind))
        unsafe bytes.append(contentsOf: name)
        bytes.append(0)
    }
}

extension Directory {
    /// The status of an entry in `batch`, which was listed from this directory; of a symbolic link
    /// itself unless `following`.
    ///
    /// - Throws: ``IOError``.
    /// - Complexity: one system call; allocates only on errors.
    public func status(
        of batch: EntryBatch, at index: Int, following: Bool = false
    ) throws(IOError) -> FileStatus {
        var status = stat()
        let flags = following ? 0 : AT_SYMLINK_NOFOLLOW
        let offset = batch.nameRange(at: index).lowerBound
        let result = unsafe batch.bytes.withUnsafeBufferPointer { names in
            // A NUL stands behind every name, so the name ends inside the buffer.
            unsafe UnsafeRawPointer(names.baseAddress.unsafelyUnwrapped + offset)
                .withMemoryRebound(to: CChar.self, capacity: names.count - offset) { name in
                    unsafe fstatat(descriptor, name, &status, flags)
                }
        }
        if result != 0 {
            if errno == EINTR { return try self.status(of: batch, at: index, following: following) }
            throw IOError(errno: errno, "stat", path: entryPath(batch.name(at: index)))
        }
        return FileStatus(status)
    }
}
