// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Lifecycle
import Repository
import UnixFS

struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Write a file or a directory tree to disk.",
        discussion: """
            Modes and modification times are restored where they were stored, symbolic links \
            always. What is not here comes from peers, is checked, and is kept in the cache. \
            Nothing that exists is overwritten, and nothing is written outside the \
            destination.
            """)

    @Argument(help: "CID, or CID/path.")
    var path: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where to write to; by default the last part of the path, here.", valueName: "path"),
        completion: .file())
    var output: String?

    @Flag(name: .shortAndLong, help: "Print nothing.")
    var quiet = false

    @Flag(help: "Bring the packs that are read from colder tiers back to the hot one.")
    var promote = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "What is not here") var fetch: FetchArguments
    @OptionGroup(title: "What is not here") var host: HostArguments

    func run() async throws {
        try await ContentBlocks.reading(
            try await repository.open(for: fetch), fetch, host, readsAll: true, promotes: promote
        ) {
            try await get(from: $0)
        }
    }

    private func get(from blocks: ContentBlocks) async throws {
        let content = try ContentPath(path)
        let cid = try await UnixFSReader(source: blocks).resolve(content)
        let destination =
            try output ?? content.segments.last.map { name in
                guard let text = String(validating: name, as: UTF8.self) else {
                    throw UsageError(message: "the name is no UTF-8; give a destination with -o")
                }
                return text
            } ?? "\(content.root)"
        let restore = Restore(source: blocks)
        let start = ContinuousClock.now
        try await restore.run(cid, to: destination)
        guard !quiet else { return }
        let (counts, elapsed) = (restore.counts, start.duration(to: .now))
        Console.error(
            "wrote \(Figures.count(counts.files, "file")), \(Figures.count(counts.directories, "directory", plural: "directories")), \(Figures.count(counts.symbolicLinks, "symbolic link")), \(Figures.bytes(counts.bytes)) to \(destination) in \(Figures.duration(elapsed))"
        )
    }
}
