// SPDX-License-Identifier: Apache-2.0

public import FileIO

/// What a corpus consists of.
public struct CorpusCounts: Hashable, Sendable {
    /// Files.
    public var files = 0
    /// Directories, the corpus' own included.
    public var directories = 1
    /// Bytes of all files.
    public var bytes = 0

    /// An empty directory.
    public init() {}
}

extension Corpus {
    /// Writes a corpus of `byteCount` bytes, which is positive, to the directory at `path`, which
    /// is made if it is not there.
    ///
    /// - Throws: as the other form, and ``BenchError`` if the directory is not empty, or has no
    ///   room.
    public func write(
        byteCount: Int, seed: UInt64, toNew path: String
    ) throws -> CorpusCounts {
        let directory = try Directory(creating: path)
        guard try directory.isEmpty() else {
            throw BenchError(.notEmpty, "\(path) is not empty; name a new or empty directory")
        }
        try BenchError.requireRoom(
            diskByteCount(of: byteCount), at: path, for: "the corpus \(rawValue)")
        return try write(byteCount: byteCount, seed: seed, to: directory)
    }

    /// Writes a corpus of `byteCount` bytes, which is positive, to `directory`.
    ///
    /// Memory is one buffer, whatever the size. Nothing is synced. Blocks; call on a thread that
    /// may.
    ///
    /// - Throws: `IOError`, with `exists` where a name is taken; or `CancellationError`.
    public func write(
        byteCount: Int, seed: UInt64, to directory: Directory
    ) throws -> CorpusCounts {
        var plan = CorpusPlan(self, byteCount: byteCount, seed: seed)
        let writer = ContentWriter()
        var path = [directory]
        var counts = CorpusCounts()
        while let step = plan.next() {
            switch step {
            case .enterDirectory(let name):
                let name = Array(name.utf8)
                try path[path.count - 1].createDirectory(name)
                path.append(try path[path.count - 1].openDirectory(name))
                counts.directories += 1
            case .leaveDirectory: path.removeLast()
            case .file(let name, let contents):
                let file = try path[path.count - 1].createFile(Array(name.utf8))
                for content in contents { try writer.write(content, to: file) }
                try file.close()
                counts.files += 1
                counts.bytes += contents.reduce(0) { $0 + $1.byteCount }
            }
        }
        return counts
    }
}
