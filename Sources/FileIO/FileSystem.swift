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
        let status = try status(at: path)
        return byteCount(of: status.f_bavail, status)
    }

    /// The bytes of all that this user can write or has written where `path`, which exists, lies:
    /// what is free and what is in use, without the reserve of the superuser.
    ///
    /// - Throws: ``IOError``.
    public static func capacityByteCount(at path: String) throws(IOError) -> Int {
        let status = try status(at: path)
        let inUse = status.f_blocks - min(status.f_bfree, status.f_blocks)
        return byteCount(of: inUse + status.f_bavail, status)
    }

    private static func status(at path: String) throws(IOError) -> statvfs {
        var status = statvfs()
        try systemCall("statvfs", path: path) { unsafe statvfs(path, &status) }
        return status
    }

    private static func byteCount(of blocks: some BinaryInteger, _ status: statvfs) -> Int {
        let (byteCount, overflow) = Int(clamping: blocks)
            .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
        return overflow ? .max : byteCount
    }

    /// Has all that was written to any file system put on its device, and waits for it.
    public static func synchronizeAll() { sync() }
}
