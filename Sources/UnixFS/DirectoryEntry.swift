// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// A name in a directory and what it stands for.
public struct DirectoryEntry: Hashable, Sendable {
    /// The name as bytes, mostly UTF-8.
    public var name: [UInt8]
    /// What names the entry's root block.
    public var cid: CID
    /// Byte count of that block and of all blocks below it, as far as its author says.
    public var tsize: UInt64

    /// Makes an entry.
    public init(name: [UInt8], cid: CID, tsize: UInt64) {
        self.name = name
        self.cid = cid
        self.tsize = tsize
    }

    /// Whether a directory may hold `name`.
    ///
    /// Names that a file system gives a meaning of its own are no names here: empty, `.`, `..`,
    /// and whatever holds a slash or a zero byte. A reader that let them pass could be led out of
    /// the directory that it writes to.
    public static func isValidName(_ name: some Collection<UInt8>) -> Bool {
        if name.isEmpty || name.elementsEqual([0x2e]) || name.elementsEqual([0x2e, 0x2e]) {
            return false
        }
        return !name.contains { $0 == 0 || $0 == 0x2f }
    }
}
