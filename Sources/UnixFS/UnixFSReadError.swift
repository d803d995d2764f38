// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Why a DAG cannot be read; every case names the block at fault.
///
/// Errors of the block source pass untouched. None of these goes away on a retry: a CID names the
/// same bytes for ever.
public enum UnixFSReadError: Error, Hashable, Sendable {
    /// The block is no valid UnixFS object.
    case malformed(CID, UnixFSError)
    /// A directory was wanted, and the block is something else.
    case notADirectory(CID)
    /// A file was wanted, and the block is something else.
    case notAFile(CID)
    /// The directory whose root block this is has no such entry.
    case notFound(name: [UInt8], in: CID)
    /// The block holds another number of file bytes than the blocks above it said.
    case wrongByteCount(CID, expected: UInt64, actual: UInt64)
    /// The block is deeper in its file or directory than any real one is.
    case tooDeep(CID)
    /// The file has more open links at once than any real one has.
    case tooManyLinks(CID)
    /// Below a directory's root shard stands a block that is no shard of the same width.
    case notAShard(CID)
    /// The shard is below the root and holds nothing.
    case emptyShard(CID)
    /// The shard holds an entry that its name's hash puts elsewhere.
    case misplacedEntry(name: [UInt8], in: CID)
}
