// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileIO
import Lifecycle
import Repository
import UnixFS

struct Cat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat", abstract: "Print files.",
        discussion: "Every block is checked against its CID before its bytes are printed.")

    @Argument(help: "CID, or CID/path; several are printed one after the other.")
    var paths: [String]

    @Option(help: ArgumentHelp("Begin at this byte.", valueName: "bytes"))
    var offset: UInt64 = 0

    @Option(help: ArgumentHelp("Print at most so many bytes.", valueName: "bytes"))
    var length: UInt64?

    @Flag(help: "Bring the packs that are read from colder tiers back to the hot one.")
    var promote = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "What is not here") var fetch: FetchArguments
    @OptionGroup(title: "What is not here") var host: HostArguments

    func run() async throws {
        let opened = try await repository.open(for: fetch)
        try await ContentBlocks.reading(
            opened, fetch, host, readsAll: length == nil, promotes: promote
        ) { blocks in
            let reader = UnixFSReader(source: blocks)
            for path in paths {
                let cid = try await reader.resolve(try ContentPath(path))
                try await reader.file(cid, offset: offset, byteCount: length).forEachChunk {
                    chunk in
                    await BlockingPool.shared.run { chunk.withUnsafeBytes { Console.bytes($0) } }
                }
            }
        }
    }
}
