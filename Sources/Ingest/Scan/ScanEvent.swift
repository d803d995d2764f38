// SPDX-License-Identifier: Apache-2.0

import FileIO
import UnixFS

/// What the scanner found, in depth-first order: a directory's entries stand between its
/// `enterDirectory` and its `leaveDirectory`.
enum ScanEvent: Sendable {
    case enterDirectory(name: [UInt8], UnixFSMetadata, RowTag?)
    case leaveDirectory
    case file(FileEntry)
    /// The status is set if the link may be remembered.
    case symbolicLink(name: [UInt8], target: [UInt8], UnixFSMetadata, FileStatus?)
    /// Another name of a file that came earlier; the status is set if it may be remembered.
    case hardLink(name: [UInt8], Inode, path: String, FileStatus?)
    case cache(CacheEvent)
}

/// What the stat cache adds to a scan; readers pass it on as it is.
enum CacheEvent: Sendable {
    /// What follows, up to its end, is of the source of that index.
    case beginSource(Int, FileStatus)
    /// `isUnchanged` if the source is as its cache says.
    case endSource(isUnchanged: Bool)
    /// Entries of the directory that is open, or a source, as they stand in rows of the cache.
    case links([UInt8])
    /// The listing of the directory was cut here.
    case endSegment(UInt64)

    /// What the event takes in memory, in bytes.
    var byteCount: Int { if case .links(let bytes) = self { bytes.count } else { 16 } }
}

/// Where a directory is remembered.
struct RowTag: Sendable {
    let number: UInt32
    let status: FileStatus
}

/// What the stat cache wants to know of a file that is read.
struct FileNote: Sendable {
    /// What it is remembered by; nil if it may change again without a trace.
    let status: FileStatus?
    /// What the cache says that it is; nil unless that is to be verified.
    let expected: ArraySlice<UInt8>?
    /// Its path; empty unless it is verified.
    let path: String
}

/// Consecutive events, few enough that one worker reads them at once.
struct ScanBatch: Sendable {
    /// Counts up from 0; the build stage goes by it.
    let number: Int
    var events: [ScanEvent] = []
    /// Bytes of the files in it, as `stat` told.
    var byteCount = 0
    /// Bytes of cached links in it.
    var linkByteCount = 0

    /// What it counts for in a channel, in events of ordinary size.
    var weight: Int { events.count + linkByteCount / 256 }
}

/// What tells two files apart, whatever they are called.
struct Inode: Hashable, Sendable {
    let device: UInt64
    let number: UInt64

    init(_ status: FileStatus) {
        device = status.device
        number = status.inode
    }
}

/// A file to be read.
struct FileEntry: Sendable {
    /// Where its bytes come from.
    enum Origin: Sendable {
        case entry(of: Directory, name: [UInt8], following: Bool, FileStatus)
        case standardInput
    }

    let origin: Origin
    /// The name that it gets in its directory.
    let name: [UInt8]
    let metadata: UnixFSMetadata
    /// Set when the file has further names.
    let inode: Inode?
    /// Set if the file's directory is remembered.
    let note: FileNote?

    /// The path for messages.
    var path: String {
        switch origin {
        case .entry(let directory, let name, _, _): directory.entryPath(name)
        case .standardInput: "standard input"
        }
    }

    /// The size that `stat` told, nil for standard input.
    var byteCount: Int? {
        switch origin {
        case .entry(_, _, _, let status): Int(status.byteCount)
        case .standardInput: nil
        }
    }
}
