// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads the entries of a directory in the order in which the file system gives them.
///
/// Memory is one small buffer, however many entries there are.
@safe public struct DirectoryStream: ~Copyable {
    /// One entry; its kind is known without another system call on most file systems.
    public struct Entry: Sendable {
        /// The name's bytes.
        public let name: [UInt8]
        /// The kind, or `unknown` where the file system does not tell.
        public let kind: FileStatus.Kind
    }

    private let stream: OpaquePointer
    private let path: String

    /// Begins reading `directory` from its first entry.
    ///
    /// - Throws: ``IOError``.
    public init(_ directory: borrowing Directory) throws(IOError) {
        path = directory.path
        let path = directory.path
        let descriptor = directory.descriptor
        // A second open, not a dup: the read position must be this stream's own.
        let own = try systemCall("open", path: path) {
            unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard let stream = unsafe fdopendir(own) else {
            let number = errno
            close(own)
            throw IOError(errno: number, "list", path: path)
        }
        unsafe self.stream = stream
    }

    deinit {
        unsafe closedir(stream)
    }

    /// The next entry, leaving out "." and ".."; nil at the end.
    ///
    /// - Throws: ``IOError`` if the file system fails to list on.
    public mutating func next() throws(IOError) -> Entry? {
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw IOError(errno: errno, "list", path: path) }
                return nil
            }
            let name = unsafe Self.name(of: entry)
            if name == [0x2e] || name == [0x2e, 0x2e] { continue }
            return unsafe Entry(name: name, kind: FileStatus.Kind(entryType: entry.pointee.d_type))
        }
    }

    /// Appends the next entry to `batch`, leaving out "." and ".."; false at the end.
    ///
    /// - Throws: ``IOError`` if the file system fails to list on.
    /// - Complexity: O(1), amortised; no allocation beyond the batch's own.
    public mutating func next(into batch: inout EntryBatch) throws(IOError) -> Bool {
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw IOError(errno: errno, "list", path: path) }
                return false
            }
            let name = unsafe Self.nameBytes(of: entry)
            let isDots =
                unsafe name[0] == 0x2e
                && (name.count == 1 || name.count == 2 && name[1] == 0x2e)
            if isDots { continue }
            unsafe batch.append(name, FileStatus.Kind(entryType: entry.pointee.d_type))
            return true
        }
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
        unsafe [UInt8](nameBytes(of: entry))
    }

    /// The name inside the record that `readdir` returned, valid until its next call.
    @unsafe private static func nameBytes(
        of entry: UnsafeMutablePointer<dirent>
    ) -> UnsafeRawBufferPointer {
        // `d_name` is terminated by NUL inside the record.
        let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) ?? 0
        let start = unsafe UnsafeRawPointer(entry).advanced(by: offset)
        let count = unsafe strlen(start.assumingMemoryBound(to: CChar.self))
        return unsafe UnsafeRawBufferPointer(start: start, count: count)
    }
}

extension FileStatus.Kind {
    init(entryType: UInt8) {
        self =
            switch Int(entryType) {
            case Int(DT_REG): .regular
            case Int(DT_DIR): .directory
            case Int(DT_LNK): .symbolicLink
            case Int(DT_FIFO): .fifo
            case Int(DT_SOCK): .socket
            case Int(DT_CHR): .characterDevice
            case Int(DT_BLK): .blockDevice
            default: .unknown
            }
    }
}
