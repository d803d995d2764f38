// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Facts about the file system that a path lies on.
public enum FileSystem {
    /// The bytes that this user can still write where `path`, which exists, lies.
    ///
    /// - Throws: ``IOError``.
    public static func availableByteCount(at path: String) throws(IOError) -> Int {
        var status = statvfs()
        try systemCall("statvfs", path: path) { unsafe statvfs(path, &status) }
        let (byteCount, overflow) = Int(clamping: status.f_bavail)
            .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
        return overflow ? .max : byteCount
    }

    /// Has all that was written to any file system put on its device, and waits for it.
    public static func synchronizeAll() { sync() }
}
