// SPDX-License-Identifier: Apache-2.0

import FileIO
import UnixFS

/// What the scanner found, in depth-first order: a directory's entries stand between its
/// `enterDirectory` and its `leaveDirectory`.
enum ScanEvent: Sendable {
    case enterDirectory(name: [UInt8], UnixFSMetadata)
    case leaveDirectory
    case file(FileEntry)
    case symbolicLink(name: [UInt8], target: [UInt8], UnixFSMetadata)
    /// Another name of a file that came earlier.
    case hardLink(name: [UInt8], Inode, path: String)
}

/// Consecutive events, few enough that one worker reads them at once.
struct ScanBatch: Sendable {
    /// Counts up from 0; the build stage goes by it.
    let number: Int
    var events: [ScanEvent] = []
    /// Bytes of the files in it, as `stat` told.
    var byteCount = 0
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
