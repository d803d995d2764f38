// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// A directory in one block.
public enum BasicDirectory {
    /// The directory's block, and the Tsize of a link to it.
    ///
    /// Entries may come in any order; they are written sorted by the bytes of their names.
    /// - Throws: ``UnixFSBuildError`` with the name, if one is invalid or there twice.
    /// - Complexity: O(n log n) for n entries.
    public static func block(
        entries: [DirectoryEntry], metadata: UnixFSMetadata = .none, cidBuilder: CIDBuilder
    ) throws(UnixFSBuildError) -> (block: Block, tsize: UInt64) {
        let sorted = entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        var links: [PBLink] = []
        links.reserveCapacity(sorted.count)
        for entry in sorted {
            guard DirectoryEntry.isValidName(entry.name) else { throw .invalidName(entry.name) }
            guard links.last?.name != entry.name else { throw .duplicateName(entry.name) }
            links.append(PBLink(hash: entry.cid, name: entry.name, tsize: entry.tsize))
        }
        let message = UnixFSData(kind: .directory, metadata: metadata)
        return try PBNode(links: links, data: message.encode()).seal(with: cidBuilder)
    }
}

/// A symbolic link.
public enum Symlink {
    /// The symlink's block, and the Tsize of a link to it.
    ///
    /// The target is data and is not looked at. A symlink has no mode.
    /// - Throws: ``UnixFSBuildError/hashing(_:)``.
    public static func block(
        target: [UInt8], mtime: UnixFSTimestamp? = nil, cidBuilder: CIDBuilder
    ) throws(UnixFSBuildError) -> (block: Block, tsize: UInt64) {
        let message = UnixFSData(
            kind: .symlink, data: target, metadata: UnixFSMetadata(mtime: mtime))
        return try PBNode(data: message.encode()).seal(with: cidBuilder)
    }
}
