// SPDX-License-Identifier: Apache-2.0

import UnixFS

/// The roots of files that have several names, so that each is read once.
struct HardLinks {
    /// Files that are remembered; further ones are read once per name.
    ///
    /// Bounds memory to some 40 MiB in trees that consist of hard links.
    static let limit = 200_000

    private var links: [Inode: FileLink] = [:]

    /// What the file of `inode` became; nil if it could not be read.
    subscript(inode: Inode) -> FileLink? { links[inode] }

    mutating func remember(_ inode: Inode, _ link: FileLink) {
        if links.count < Self.limit { links[inode] = link }
    }
}
