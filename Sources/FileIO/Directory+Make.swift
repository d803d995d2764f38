// SPDX-License-Identifier: Apache-2.0

extension Directory {
    /// Opens the directory at `path`, making it and the missing ones above it, durably.
    ///
    /// - Throws: ``IOError``.
    public convenience init(
        creating path: String, permissions: UInt32 = 0o755
    ) throws(IOError) {
        try Self.create(path, permissions: permissions)
        try self.init(path)
    }

    private static func create(_ path: String, permissions: UInt32) throws(IOError) {
        do {
            _ = try Directory(path)
            return
        } catch {
            guard error.code == .notFound else { throw error }
        }
        var parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard let name = parts.popLast() else { return }
        let above = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
        if !parts.isEmpty { try create(above, permissions: permissions) }
        let parent = try Directory(above.isEmpty ? "." : above)
        do { try parent.createDirectory(Array(name.utf8), permissions: permissions) } catch {
            // Another process was faster.
            guard error.code == .exists else { throw error }
        }
        try parent.synchronize()
    }

    /// Whether there is no entry but "." and "..".
    ///
    /// - Throws: ``IOError``.
    public func isEmpty() throws(IOError) -> Bool {
        var stream = try DirectoryStream(self)
        return try stream.next() == nil
    }

    /// Whether there is an entry `name` of any kind.
    ///
    /// - Throws: ``IOError``, other than that the entry is missing.
    public func exists(_ name: [UInt8]) throws(IOError) -> Bool {
        do {
            _ = try status(of: name)
            return true
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }

    /// Whether the entry `name` is the very file that is open as `file`.
    ///
    /// - Throws: ``IOError``, other than that the entry is missing.
    public func names(_ file: borrowing File, _ name: [UInt8]) throws(IOError) -> Bool {
        let open = try file.status()
        do {
            let entry = try status(of: name)
            return entry.inode == open.inode && entry.device == open.device
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }
}
