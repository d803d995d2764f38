// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Lifecycle
import Multiformats
import Repository
import UnixFS

struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a DAG as a CAR archive.",
        discussion: """
            Blocks come depth first, each checked against its CID. CARv2 has an index and needs \
            a file; CARv1 goes to standard output unless -o is given.
            """)

    @Argument(help: "CID, or CID/path.")
    var path: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The new file; `-` for standard output.", valueName: "file"),
        completion: .file(extensions: ["car"]))
    var output = "-"

    @Option(help: "The version of the format: 1 or 2.")
    var carVersion = 1

    @Option(
        help: "What to write: all, entity (a file whole, a directory's own blocks) or block.",
        completion: .list(["all", "entity", "block"]))
    var scope = "all"

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "What is not here") var fetch: FetchArguments
    @OptionGroup(title: "What is not here") var host: HostArguments

    func validate() throws {
        guard ExportScope(rawValue: scope) != nil else {
            throw ValidationError("--scope \(scope): give all, entity or block")
        }
        guard let version = ArchiveWriter.Version(rawValue: carVersion) else {
            throw ValidationError("--car-version \(carVersion): give 1 or 2")
        }
        if version == .v2, output == "-" {
            throw ValidationError("a CARv2 needs a file: give one with -o")
        }
        if output == "-", Console.outputIsTerminal {
            throw ValidationError(
                "an archive is not for a terminal: give a file with -o, or redirect the output")
        }
    }

    func run() async throws {
        try await ContentBlocks.reading(
            try await repository.open(for: fetch), fetch, host, readsAll: true
        ) {
            try await export($0)
        }
    }

    private func export(_ blocks: ContentBlocks) async throws {
        let cid = try await UnixFSReader(source: blocks).resolve(try ContentPath(path))
        let version = ArchiveWriter.Version(rawValue: carVersion) ?? .v1
        let writer = try await ArchiveWriter(
            path: output == "-" ? nil : output, version: version, roots: [cid])
        do {
            let export = Lifecycle.Export(
                source: blocks, scope: .init(rawValue: scope) ?? .all)
            try await export.forEachBlock(of: cid) { try await writer.append($0) }
            let (count, byteCount) = try await writer.finish()
            Console.error(
                "exported \(Figures.count(count, "block")), \(Figures.bytes(byteCount))")
        } catch {
            await writer.abandon()
            throw error
        }
    }
}
