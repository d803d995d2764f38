// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Lifecycle
import Multiformats
import Repository
import UnixFS

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List a directory.",
        discussion: """
            Prints CID, size and name of each entry. The size is that of the file, or of all \
            blocks below a directory. Names with control characters are escaped.
            """)

    @Argument(help: "CID, or CID/path.")
    var path: String

    @Flag(name: .shortAndLong, help: "Go into subdirectories, printing paths.")
    var recursive = false

    @Flag(name: .shortAndLong, help: "Print type, mode and modification time as well.")
    var long = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "What is not here") var fetch: FetchArguments
    @OptionGroup(title: "What is not here") var host: HostArguments
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await ContentBlocks.reading(try await repository.open(for: fetch), fetch, host) {
            blocks in
            let reader = UnixFSReader(source: blocks)
            let cid = try await reader.resolve(try ContentPath(path))
            try await list(cid, prefix: [], reader)
        }
    }

    private func list(
        _ directory: CID, prefix: [UInt8], _ reader: UnixFSReader<ContentBlocks>
    ) async throws {
        try await reader.list(directory) { entry in
            let node = try await reader.node(entry.cid)
            let name = prefix + entry.name
            if output.json { printJSON(entry, name, node) } else { printLine(entry, name, node) }
            if recursive, node.isDirectory {
                try await list(entry.cid, prefix: name + [UInt8(ascii: "/")], reader)
            }
        }
    }

    private func printLine(_ entry: DirectoryEntry, _ name: [UInt8], _ node: UnixFSNode) {
        var columns = ["\(entry.cid)", "\(node.fileByteCount ?? entry.tsize)"]
        if long {
            columns.append(node.kindName)
            columns.append(node.metadata.mode.map { "0" + String($0, radix: 8) } ?? "-")
            columns.append(
                node.metadata.mtime.map {
                    Figures.time(milliseconds: $0.seconds.multipliedReportingOverflow(by: 1000).0)
                } ?? "-")
        }
        var text = Escape.name(name) + (node.isDirectory ? "/" : "")
        if long, case .symlink(let target, _) = node { text += " -> " + Escape.name(target) }
        Console.line((columns + [text]).joined(separator: " "))
    }

    private func printJSON(_ entry: DirectoryEntry, _ name: [UInt8], _ node: UnixFSNode) {
        Console.line(
            JSON.object([
                ("name", .string(Escape.name(name))), ("cid", .string("\(entry.cid)")),
                ("type", .string(node.kindName)),
                ("size", node.fileByteCount.map { .count($0) } ?? .null),
                ("tsize", .count(entry.tsize)),
                ("mode", node.metadata.mode.map { .count($0) } ?? .null),
                ("mtime", node.metadata.mtime.map { .integer($0.seconds) } ?? .null),
            ]).text)
    }
}

extension UnixFSReader {
    /// The CID that a path names.
    func resolve(_ path: ContentPath) async throws -> CID {
        try await resolve(path.root, path: path.segments).cid
    }
}

extension UnixFSNode {
    var kindName: String {
        switch self {
        case .rawLeaf, .file: "file"
        case .directory, .hamtShard: "directory"
        case .symlink: "symlink"
        }
    }

    /// The length of a file or of a link's target; nil for a directory.
    var fileByteCount: UInt64? {
        switch self {
        case .rawLeaf(let bytes): UInt64(bytes.count)
        case .file(let file): file.fileByteCount
        case .symlink(let target, _): UInt64(target.count)
        case .directory, .hamtShard: nil
        }
    }
}
