// SPDX-License-Identifier: Apache-2.0

import FileIO

/// Something to ingest.
public enum IngestSource: Hashable, Sendable {
    /// A file, directory or symbolic link.
    case path(String)
    /// Standard input, as a file of this name.
    case standardInput(name: String)

    /// How the source is named in snapshots and messages.
    public var description: String {
        switch self {
        case .path(let path): path
        case .standardInput: "-"
        }
    }
}

/// A source found on disk: the directory that it stands in, and its name there.
struct LocatedSource {
    let directory: Directory
    /// The name to open in `directory`.
    let entryName: [UInt8]
    /// The name that it gets in a wrapping directory; empty for "/".
    let name: [UInt8]
    let status: FileStatus

    /// Finds the source at `path`; a symbolic link is followed only if asked for.
    ///
    /// - Throws: ``IOError``.
    init(_ path: String, following: Bool) throws(IOError) {
        var bytes = Array(path.utf8)
        let endsInSlash = bytes.last == UInt8(ascii: "/")
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
        let base = slash.map { Array(bytes[($0 + 1)...]) } ?? bytes
        let isNamed = !base.isEmpty && base != Array(".".utf8) && base != Array("..".utf8)
        if isNamed {
            let parent = slash.map { $0 == 0 ? "/" : String(decoding: bytes[..<$0], as: UTF8.self) }
            directory = try Directory(parent ?? ".")
            entryName = base
            name = base
        } else {
            directory = try Directory(String(decoding: bytes, as: UTF8.self))
            entryName = Array(".".utf8)
            name = try Self.nameInParent(of: directory)
        }
        status = try directory.status(of: entryName, following: following || endsInSlash)
    }

    /// The name under which the parent directory knows `directory`, empty for the root.
    private static func nameInParent(of directory: Directory) throws(IOError) -> [UInt8] {
        let own = try directory.status()
        let parent = try directory.openDirectory(Array("..".utf8))
        if try Inode(parent.status()) == Inode(own) { return [] }
        var stream = try DirectoryStream(parent)
        while let entry = try stream.next() {
            guard entry.kind == .directory || entry.kind == .unknown else { continue }
            if let status = try? parent.status(of: entry.name),  // others' entries may vanish
                Inode(status) == Inode(own)
            {
                return entry.name
            }
        }
        return []
    }
}
