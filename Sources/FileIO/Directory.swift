// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An open directory, relative to which entries are opened, so that no path is too long and no
/// rename above it leads astray.
///
/// Closed when the last reference goes.
///
/// Names are bytes without NUL and "/". Every call may block.
public final class Directory: Sendable {
    /// The descriptor; valid as long as this object lives.
    public let descriptor: Int32
    /// The path for messages.
    public let path: String

    /// Opens the directory at `path`.
    ///
    /// - Throws: ``IOError``.
    public init(_ path: String) throws(IOError) {
        self.path = path
        self.descriptor = try systemCall("open", path: path) {
            unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
    }

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        _ = close(descriptor)  // opened for reading: nothing can be lost
    }

    /// The directory's own status.
    public func status() throws(IOError) -> FileStatus {
        var status = stat()
        try systemCall("stat", path: path) { unsafe fstat(descriptor, &status) }
        return FileStatus(status)
    }

    /// The status of the entry `name`; of a symbolic link itself unless `following`.
    public func status(of name: [UInt8], following: Bool = false) throws(IOError) -> FileStatus {
        var status = stat()
        let flags = following ? 0 : AT_SYMLINK_NOFOLLOW
        try unsafe withName(name) { name throws(IOError) in
            try unsafe systemCall("stat", path: entryPath(name)) {
                unsafe fstatat(descriptor, name, &status, flags)
            }
        }
        return FileStatus(status)
    }

    /// Opens the directory `name`, not following a symbolic link unless asked to.
    public func openDirectory(
        _ name: [UInt8], following: Bool = false
    ) throws(IOError) -> Directory {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (following ? 0 : O_NOFOLLOW)
        return try unsafe withName(name) { name throws(IOError) in
            let path = unsafe entryPath(name)
            let opened = try systemCall("open", path: path) {
                unsafe openat(descriptor, name, flags)
            }
            return Directory(descriptor: opened, path: path)
        }
    }

    /// Opens the file `name` for reading, not following a symbolic link unless asked to, and not
    /// waiting for a writer should it have become a FIFO.
    public func openFile(_ name: [UInt8], following: Bool = false) throws(IOError) -> File {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (following ? 0 : O_NOFOLLOW)
        return try openFile(name, flags: flags, permissions: 0)
    }

    /// Opens the file `name` for reading and writing, not following a symbolic link.
    public func openFileForUpdate(_ name: [UInt8]) throws(IOError) -> File {
        try openFile(name, flags: O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, permissions: 0)
    }

    /// Makes the new file `name`; fails if there is an entry of that name, symbolic link or other.
    public func createFile(_ name: [UInt8], permissions: UInt32 = 0o644) throws(IOError) -> File {
        try openFile(
            name, flags: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
            permissions: permissions)
    }

    private func openFile(
        _ name: [UInt8], flags: Int32, permissions: UInt32
    ) throws(IOError) -> File {
        try unsafe withName(name) { name throws(IOError) in
            let path = unsafe entryPath(name)
            let opened = try systemCall("open", path: path) {
                unsafe openat(descriptor, name, flags, mode_t(permissions))
            }
            return File(descriptor: opened, path: path)
        }
    }

    /// Makes the directory `name`.
    public func createDirectory(_ name: [UInt8], permissions: UInt32 = 0o755) throws(IOError) {
        try unsafe withName(name) { name throws(IOError) in
            try unsafe systemCall("mkdir", path: entryPath(name)) {
                unsafe mkdirat(descriptor, name, mode_t(permissions))
            }
        }
    }

    /// Makes the symbolic link `name` to `target`.
    public func createSymbolicLink(_ name: [UInt8], to target: [UInt8]) throws(IOError) {
        try unsafe withName(name) { name throws(IOError) in
            try unsafe withName(target) { target throws(IOError) in
                try unsafe systemCall("symlink", path: entryPath(name)) {
                    unsafe symlinkat(target, descriptor, name)
                }
            }
        }
    }

    /// The target of the symbolic link `name`, at most `PATH_MAX` bytes.
    public func symbolicLinkTarget(_ name: [UInt8]) throws(IOError) -> [UInt8] {
        let capacity = Int(PATH_MAX)
        let target = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
        defer { unsafe target.deallocate() }
        let count = try unsafe withName(name) { name throws(IOError) in
            try unsafe systemCall("readlink", path: entryPath(name)) {
                unsafe readlinkat(descriptor, name, target, capacity)
            }
        }
        // `readlinkat` wrote `count` bytes, at most `capacity`.
        return unsafe [UInt8](UnsafeRawBufferPointer(start: target, count: count))
    }

    /// Removes the file or symbolic link `name`.
    public func remove(_ name: [UInt8]) throws(IOError) {
        try unsafe withName(name) { name throws(IOError) in
            try unsafe systemCall("remove", path: entryPath(name)) {
                unsafe unlinkat(descriptor, name, 0)
            }
        }
    }

    /// Renames the entry `name`, replacing what has the new name.
    public func rename(_ name: [UInt8], to newName: [UInt8]) throws(IOError) {
        try unsafe withName(name) { name throws(IOError) in
            try unsafe withName(newName) { newName throws(IOError) in
                try unsafe systemCall("rename", path: entryPath(name)) {
                    unsafe renameat(descriptor, name, descriptor, newName)
                }
            }
        }
    }

    /// Gives the file `name` a second name, which must be free.
    ///
    /// - Throws: ``IOError`` with `exists` if it is not.
    public func link(_ name: [UInt8], to newName: [UInt8]) throws(IOError) {
        try unsafe withName(name) { name throws(IOError) in
            try unsafe withName(newName) { newName throws(IOError) in
                try unsafe systemCall("link", path: entryPath(name)) {
                    unsafe linkat(descriptor, name, descriptor, newName, 0)
                }
            }
        }
    }

    /// Sets the permission bits of the entry `name`, which must not be a symbolic link.
    public func setPermissions(_ permissions: UInt32, of name: [UInt8]) throws(IOError) {
        try unsafe withName(name) { name throws(IOError) in
            try unsafe systemCall("chmod", path: entryPath(name)) {
                unsafe fchmodat(descriptor, name, mode_t(permissions), 0)
            }
        }
    }

    /// Sets the modification time of the entry `name`, of a symbolic link itself.
    public func setModified(_ time: FileStatus.Time, of name: [UInt8]) throws(IOError) {
        let times = [time.timespec, time.timespec]
        try unsafe withName(name) { name throws(IOError) in
            try unsafe systemCall("set times of", path: entryPath(name)) {
                unsafe utimensat(descriptor, name, times, AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    /// Makes creations, renames and removals in this directory durable.
    public func synchronize() throws(IOError) {
        try systemCall("fsync", path: path) { fsync(descriptor) }
    }

    /// "PATH/NAME" for messages.
    public func entryPath(_ name: [UInt8]) -> String {
        let name = String(decoding: name, as: UTF8.self)
        return path.hasSuffix("/") ? path + name : path + "/" + name
    }

    private func entryPath(_ name: UnsafePointer<CChar>) -> String {
        let name = unsafe String(cString: name)
        return path.hasSuffix("/") ? path + name : path + "/" + name
    }
}

/// Calls `body` with `name` as a C string; a name with a NUL inside is refused.
@discardableResult
func withName<Result: ~Copyable>(
    _ name: [UInt8], _ body: (UnsafePointer<CChar>) throws(IOError) -> Result
) throws(IOError) -> Result {
    guard !name.contains(0) else {
        throw IOError(.other, "use name with NUL", path: String(decoding: name, as: UTF8.self))
    }
    let terminated = UnsafeMutablePointer<CChar>.allocate(capacity: name.count + 1)
    defer { unsafe terminated.deallocate() }
    for index in name.indices { unsafe terminated[index] = CChar(bitPattern: name[index]) }
    unsafe terminated[name.count] = 0
    return try unsafe body(terminated)
}
