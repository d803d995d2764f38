// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IPLD
import Lifecycle
import Multiformats
import Repository
import UnixFS

struct DAG: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dag", abstract: "Look at blocks as IPLD data.", subcommands: [DAGGet.self])
}

struct DAGGet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Print a block, or what a path in it leads to, as DAG-JSON.",
        discussion: """
            Path segments are keys of maps, indexes of lists, and, in a DAG-PB block, names of \
            links; links are followed.
            """)

    @Argument(help: "CID, or CID/path.")
    var path: String

    @Option(
        help: ArgumentHelp("The codec to print in: dag-json, dag-cbor or raw.", valueName: "codec"),
        completion: .list(["dag-json", "dag-cbor", "raw"]))
    var outputCodec = "dag-json"

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "What is not here") var fetch: FetchArguments
    @OptionGroup(title: "What is not here") var host: HostArguments

    func run() async throws {
        guard let codec = Multicodec(name: outputCodec),
            [.dagJSON, .dagCBOR, .raw].contains(codec)
        else {
            throw UsageError(
                message: "--output-codec \(outputCodec): give dag-json, dag-cbor or raw")
        }
        let path = try ContentPath(path)
        try await ContentBlocks.reading(try await repository.open(for: fetch), fetch, host) {
            blocks in
            let value = try await DataModelPath(source: blocks).resolve(path)
            let bytes = try IPLDCodec.encode(codec, value)
            bytes.withUnsafeBytes { Console.bytes($0) }
            if codec == .dagJSON { Console.line("") }
        }
    }
}

struct BlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Look at single blocks.", subcommands: [BlockGet.self])
}

struct BlockGet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Print the bytes of a block.",
        discussion: "They are checked against the CID first.")

    @Argument(help: "The block's CID, or CID/path.")
    var path: String

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "What is not here") var fetch: FetchArguments
    @OptionGroup(title: "What is not here") var host: HostArguments

    func run() async throws {
        try await ContentBlocks.reading(try await repository.open(for: fetch), fetch, host) {
            blocks in
            let cid = try await UnixFSReader(source: blocks).resolve(try ContentPath(path))
            try await blocks.block(cid).bytes.withUnsafeBytes { Console.bytes($0) }
        }
    }
}
