// SPDX-License-Identifier: Apache-2.0

import FileIO
import Multiformats
import UnixFS

/// A chunk of a file, in a slab.
struct ChunkReference: Sendable {
    let range: Range<Int>
    /// What the chunk's block must carry because it is its file's root, too.
    let metadata: UnixFSMetadata?
}

/// What the build stage does, in order.
enum BuildStep: Sendable {
    case enterDirectory(name: [UInt8], UnixFSMetadata, RowTag?)
    case leaveDirectory
    case symbolicLink(name: [UInt8], target: [UInt8], UnixFSMetadata, FileStatus?)
    case hardLink(name: [UInt8], Inode, path: String, FileStatus?)
    case cache(CacheEvent)
    case beginFile(name: [UInt8], UnixFSMetadata, Inode?, FileNote?)
    /// The batch's next chunks belong to the file begun last.
    case chunks(Int)
    /// The file changed under the reader, which begins again: forget its chunks.
    case restartFile
    case endFile
    /// The file begun last cannot be had.
    case abandonFile
}

/// Part of what one scan batch became: chunks in a slab, and the steps that use them.
struct ReadBatch: Sendable {
    let number: Int
    let part: Int
    var isLast = false
    var slab: Slab?
    var chunks: [ChunkReference] = []
    var steps: [BuildStep] = []
    /// Bytes of chunks.
    var byteCount = 0
    /// Bytes of cached links in the steps.
    var linkByteCount = 0
}

/// The same after hashing: what the build stage needs, without the bytes.
struct HashedBatch: Sendable {
    let number: Int
    let part: Int
    let isLast: Bool
    /// The leaf of each chunk, in order.
    let leaves: [FileLink]
    let steps: [BuildStep]
}
