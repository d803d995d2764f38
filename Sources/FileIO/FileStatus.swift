// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What `stat` tells of a directory entry.
public struct FileStatus: Hashable, Sendable {
    /// What kind of entry it is.
    public enum Kind: Hashable, Sendable {
        case regular, directory, symbolicLink, fifo, socket, characterDevice, blockDevice, unknown
    }

    /// Seconds and nanoseconds since 1970; nanoseconds count forward from the seconds.
    public struct Time: Hashable, Sendable {
        /// Whole seconds, negative before 1970.
        public var seconds: Int64
        /// 0 to 999,999,999.
        public var nanoseconds: UInt32

        /// Makes a time.
        public init(seconds: Int64, nanoseconds: UInt32) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    /// The kind of entry.
    public let kind: Kind
    /// The device the entry lives on.
    public let device: UInt64
    /// The inode number on that device.
    public let inode: UInt64
    /// How many names the inode has.
    public let linkCount: UInt64
    /// Permission bits, setuid, setgid and sticky: the low 12 bits of `st_mode`.
    public let permissions: UInt32
    /// Size in bytes.
    public let byteCount: Int64
    /// Bytes that the file takes on disk.
    public let allocatedByteCount: Int64
    /// When the content was last changed.
    public let modified: Time
    /// When the inode was last changed.
    public let changed: Time

    init(_ status: stat) {
        let format = status.st_mode & S_IFMT
        kind =
            switch format {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            default: .unknown
            }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        linkCount = UInt64(truncatingIfNeeded: status.st_nlink)
        permissions = UInt32(truncatingIfNeeded: status.st_mode) & 0o7777
        byteCount = Int64(status.st_size)
        allocatedByteCount = Int64(status.st_blocks) &* 512
        #if canImport(Glibc)
            modified = Time(status.st_mtim)
            changed = Time(status.st_ctim)
        #else
            modified = Time(status.st_mtimespec)
            changed = Time(status.st_ctimespec)
        #endif
    }

    /// Whether `other` is the same file with the same content, as far as `stat` can tell.
    public func isUnchanged(_ other: FileStatus) -> Bool {
        inode == other.inode && device == other.device && byteCount == other.byteCount
            && modified == other.modified && changed == other.changed
    }
}

extension FileStatus.Time: Comparable {
    /// Orders from earlier to later.
    public static func < (left: FileStatus.Time, right: FileStatus.Time) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    init(_ time: timespec) {
        self.init(
            seconds: Int64(time.tv_sec), nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec))
    }

    var timespec: timespec {
        #if canImport(Glibc)
            Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
        #else
            Darwin.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
        #endif
    }
}
