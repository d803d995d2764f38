// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import CLinux
    import Glibc
#else
    import Darwin
#endif

/// An open file.
///
/// Closed when it goes out of scope, or by ``close()`` where the result matters.
///
/// Every call may block; call from a ``BlockingPool`` thread.
public struct File: ~Copyable, Sendable {
    /// How to open a file.
    public enum Mode: Sendable {
        /// Read an existing file.
        case read
        /// Read and write an existing file.
        case update
        /// Make a new file and fail if there is one.
        case create
        /// Make a file, or empty the one that is there.
        case replace
        /// Write at the end, making the file if there is none.
        case append
    }

    private var handle: Handle
    /// The path for messages.
    public let path: String

    /// The descriptor; valid as long as this value lives.
    public var descriptor: Int32 { handle.descriptor }

    /// Opens `path`; new files get `permissions`, less the umask.
    ///
    /// - Throws: ``IOError``.
    public init(_ path: String, _ mode: Mode, permissions: UInt32 = 0o644) throws(IOError) {
        let flags = mode.flags
        let permissions = mode_t(permissions)
        self.path = path
        self.handle = Handle(
            descriptor: try systemCall("open", path: path) {
                unsafe open(path, flags | O_CLOEXEC, permissions)
            })
    }

    /// Standard output, under a descriptor of its own.
    public static func standardOutput() throws(IOError) -> File {
        let path = "standard output"
        return File(descriptor: try systemCall("open", path: path) { dup(1) }, path: path)
    }

    init(descriptor: Int32, path: String) {
        self.handle = Handle(descriptor: descriptor)
        self.path = path
    }

    /// Closes the file and says whether that went well.
    ///
    /// - Throws: ``IOError``; the descriptor is gone in any case.
    public consuming func close() throws(IOError) {
        let path = path
        if handle.close() != 0 { throw IOError(errno: errno, "close", path: path) }
    }

    /// The file's status.
    public func status() throws(IOError) -> FileStatus {
        var status = stat()
        try systemCall("stat", path: path) { unsafe fstat(descriptor, &status) }
        return FileStatus(status)
    }

    /// Reads up to `buffer.count` bytes from the current position; 0 at the end of the file.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(IOError) -> Int {
        try systemCall("read", path: path) {
            unsafe systemRead(descriptor, buffer.baseAddress, buffer.count)
        }
    }

    /// Reads up to `buffer.count` bytes from `offset`; fewer only at the end of the file.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(IOError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = try systemCall("read", path: path) {
                // `done` never passes `buffer.count`.
                unsafe pread(
                    descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done,
                    off_t(offset) + off_t(done))
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Reads exactly `byteCount` bytes from `offset`.
    ///
    /// The caller has checked `byteCount` against a limit.
    /// - Throws: ``IOError`` with `endOfFile` if the file is too short.
    public func readExactly(_ byteCount: Int, at offset: Int64) throws(IOError) -> [UInt8] {
        let path = self.path
        do {
            return try unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
                count = try unsafe read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
                if count != byteCount { throw IOError(.endOfFile, "read", path: path) }
            }
        } catch let error as IOError {
            throw error
        } catch {
            preconditionFailure("only IOError is thrown above, got \(error)")
        }
    }

    /// Writes all of `bytes` at the current position.
    public func writeAll(_ bytes: UnsafeRawBufferPointer) throws(IOError) {
        var done = 0
        while done < bytes.count {
            done += try systemCall("write", path: path) {
                // `done` never passes `bytes.count`.
                unsafe systemWrite(
                    descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            }
        }
    }

    /// Writes all of `bytes` at the current position.
    public func writeAll(_ bytes: [UInt8]) throws(IOError) {
        do {
            try unsafe bytes.withUnsafeBytes { buffer in try unsafe writeAll(buffer) }
        } catch let error as IOError {
            throw error
        } catch {
            preconditionFailure("only IOError is thrown above, got \(error)")
        }
    }

    /// Writes all of `bytes` at `offset` and leaves the position behind them.
    public func writeAll(_ bytes: [UInt8], at offset: Int64) throws(IOError) {
        try seek(to: offset)
        try writeAll(bytes)
    }

    /// Makes what was written durable.
    ///
    /// A file whose sync failed must be given up, not retried: the kernel may have dropped the
    /// pages.
    public func synchronize() throws(IOError) {
        try systemCall("fsync", path: path) { fsync(descriptor) }
    }

    /// Asks the kernel to begin writing `range` to the device now, without waiting.
    ///
    /// A hint for smoother ``synchronize()`` later; promises nothing.
    public func startWriteback(_ range: Range<Int64>) {
        #if canImport(Glibc)
            // 2 is SYNC_FILE_RANGE_WRITE; the result is of no interest for a hint.
            _ = sync_file_range(
                descriptor, range.lowerBound, range.upperBound - range.lowerBound, 2)
        #endif
    }

    /// Tells the kernel that the file will be read from start to end.
    public func adviseSequential() {
        #if canImport(Glibc)
            _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        #endif
    }

    /// Asks the kernel to forget the file's pages, so that the next read comes from the device.
    ///
    /// A hint, for what is written back already; promises nothing.
    public func dropFromCache() {
        #if canImport(Glibc)
            _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        #endif
    }

    /// Cuts or extends the file to `byteCount`.
    public func truncate(to byteCount: Int64) throws(IOError) {
        try systemCall("truncate", path: path) { ftruncate(descriptor, off_t(byteCount)) }
    }

    /// Sets the position for the next read or write.
    public func seek(to offset: Int64) throws(IOError) {
        try systemCall("seek", path: path) { lseek(descriptor, off_t(offset), SEEK_SET) }
    }

    /// Takes the exclusive lock of the file, waiting for whoever holds it.
    public mutating func lock() throws(IOError) {
        try systemCall("lock", path: path) { flock(descriptor, LOCK_EX) }
        handle.isLocked = true
    }

    /// Takes the exclusive lock of the file, which closing releases, as the kernel does when the
    /// process ends.
    ///
    /// - Returns: false if another open file holds it.
    public mutating func tryLock() throws(IOError) -> Bool {
        do {
            try systemCall("lock", path: path) { flock(descriptor, LOCK_EX | LOCK_NB) }
            handle.isLocked = true
            return true
        } catch {
            if error.code == .locked { return false }
            throw error
        }
    }

    /// Sets permission bits.
    public func setPermissions(_ permissions: UInt32) throws(IOError) {
        try systemCall("chmod", path: path) { fchmod(descriptor, mode_t(permissions)) }
    }

    /// Sets the modification time.
    public func setModified(_ time: FileStatus.Time) throws(IOError) {
        let times = [time.timespec, time.timespec]
        try systemCall("set times of", path: path) { unsafe futimens(descriptor, times) }
    }
}

/// A descriptor that is closed exactly once.
///
/// Not private, although only `File` uses it: with a private noncopyable type in a public one,
/// Swift 6.3.1 fails to compile modules that hold a `File` in release builds.
struct Handle: ~Copyable {
    let descriptor: Int32
    var isLocked = false

    consuming func close() -> Int32 {
        unlock()
        let descriptor = descriptor
        discard self
        return systemClose(descriptor)
    }

    deinit {
        unlock()
        _ = systemClose(descriptor)  // errors of close matter only to `close()`
    }

    /// Closing alone would leave the lock to a child process that another thread is just making:
    /// until it runs its program, it has all descriptors of this one.
    private func unlock() {
        if isLocked { _ = flock(descriptor, LOCK_UN) }  // cannot fail on a descriptor that locked
    }
}

extension File.Mode {
    var flags: Int32 {
        switch self {
        case .read: O_RDONLY
        case .update: O_RDWR
        case .create: O_RDWR | O_CREAT | O_EXCL
        case .replace: O_RDWR | O_CREAT | O_TRUNC
        case .append: O_WRONLY | O_CREAT | O_APPEND
        }
    }
}

private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

private func systemRead(
    _ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int
) -> Int { unsafe read(descriptor, buffer, count) }

private func systemWrite(
    _ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int
) -> Int { unsafe write(descriptor, buffer, count) }
