// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import CLinux
    import Glibc
#else
    import Darwin
#endif

/// How far the times in a file's status can be relied on to show that it was written to.
///
/// Two writes so close together that they get the same time cannot be told apart; how close that
/// is depends on the file system and on whose clock it goes by.
public enum TimestampTrust: Hashable, Sendable {
    /// Times are this machine's, as fine as the kernel's tick.
    case tick
    /// Times are this machine's, and may be cut down to whole or even seconds.
    case seconds
    /// Times may be another machine's.
    case foreign
    /// Content changes while no time does, as below `/proc`.
    case none

    /// A file that changed in the last so many nanoseconds before it was looked at may have changed
    /// again since without a trace; nil if that can never be ruled out.
    ///
    /// The kernel's tick is 10 ms or less; FAT keeps even seconds; for other machines' clocks a
    /// minute is a guess.
    public var racyNanoseconds: Int64? {
        switch self {
        case .tick: 20_000_000
        case .seconds: 3_000_000_000
        case .foreign: 60_000_000_000
        case .none: nil
        }
    }
}

extension Directory {
    /// How far times of this directory's files can be relied on.
    ///
    /// - Throws: ``IOError``.
    public func timestampTrust() throws(IOError) -> TimestampTrust {
        #if canImport(Glibc)
            var status = statfs()
            try systemCall("statfs", path: path) { unsafe fstatfs(descriptor, &status) }
            return TimestampTrust(fileSystemType: UInt32(truncatingIfNeeded: status.f_type))
        #else
            return .seconds
        #endif
    }
}

extension TimestampTrust {
    /// Sorts by the magic numbers of `statfs(2)`; what is unknown may be a network's.
    init(fileSystemType: UInt32) {
        switch fileSystemType {
        // ext2 to ext4, XFS, btrfs, tmpfs, ramfs, F2FS, ZFS, bcachefs, overlayfs.
        case 0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x8584_58f6, 0xf2f5_2010, 0x2fc1_2fc1,
            0xca45_1a4e, 0x794c_7630:
            self = .tick
        // FAT, exFAT, NTFS (two drivers), HFS+, JFS, ReiserFS, NILFS, UDF, ISO 9660, SquashFS,
        // EROFS.
        case 0x4d44, 0x2011_bab0, 0x5346_544e, 0x7366_746e, 0x482b, 0x3153_464a, 0x5265_4973,
            0x3434, 0x1501_3346, 0x9660, 0x7371_7368, 0xe0f5_e1e2:
            self = .seconds
        // proc, sysfs, cgroup, cgroup2, debugfs, tracefs, securityfs, pstore, configfs, bpf,
        // efivarfs, binfmt_misc, devpts, mqueue, selinuxfs, fusectl.
        case 0x9fa0, 0x6265_6572, 0x27_e0eb, 0x6367_7270, 0x6462_6720, 0x7472_6163, 0x7363_6673,
            0x6165_676c, 0x6265_6570, 0xcafe_4a11, 0xde5e_81e4, 0x4249_4e4d, 0x1cd1, 0x1980_0202,
            0xf97c_ff8c, 0x6573_5543:
            self = .none
        default: self = .foreign
        }
    }
}
