// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Directory {
    /// Removes the directory `name`, which must be empty.
    public func removeDirectory(_ name: [UInt8]) throws(IOError) {
        try unsafe withName(name) { name throws(IOError) in
            let path = unsafe self.path + "/" + String(cString: name)
            try systemCall("remove", path: path) {
                unsafe unlinkat(descriptor, name, AT_REMOVEDIR)
            }
        }
    }

    /// Removes the directory `name` with all that is in it; symbolic links are not followed.
    ///
    /// - Throws: ``IOError``; what was removed by then is gone.
    /// - Complexity: one open directory per level.
    public func removeTree(_ name: [UInt8]) throws(IOError) {
        let top = try openDirectory(name)
        var levels: [(directory: Directory, name: [UInt8], left: [[UInt8]])] = [
            (top, name, try top.removeFiles())
        ]
        while let level = levels.last {
            if let next = level.left.last {
                levels[levels.count - 1].left.removeLast()
                let below = try level.directory.openDirectory(next)
                levels.append((below, next, try below.removeFiles()))
            } else {
                levels.removeLast()
                try (levels.last?.directory ?? self).removeDirectory(level.name)
            }
        }
    }

    /// Removes all entries but directories, whose names it returns.
    private func removeFiles() throws(IOError) -> [[UInt8]] {
        var directories: [[UInt8]] = []
        // Entries that are removed while a stream is read may or may not be listed: read on until
        // nothing more is found.
        while true {
            var stream = try DirectoryStream(self)
            var removed = 0
            directories.removeAll()
            while let entry = try stream.next() {
                let isUnknown = entry.kind == .unknown
                let kind = isUnknown ? try status(of: entry.name).kind : entry.kind
                if kind == .directory {
                    directories.append(entry.name)
                } else {
                    try remove(entry.name)
                    removed += 1
                }
            }
            if removed == 0 { return directories }
        }
    }
}
