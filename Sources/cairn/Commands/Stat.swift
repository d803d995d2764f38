// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IPLD
import Lifecycle
import Multiformats
import Repository
import UnixFS

struct Stat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Say what a CID is: type, sizes, links, mode and modification time.")

    @Argument(help: "CID, or CID/path.")
    var path: String

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "What is not here") var fetch: FetchArguments
    @OptionGroup(title: "What is not here") var host: HostArguments
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await ContentBlocks.reading(try await repository.open(for: fetch), fetch, host) {
            try await show($0)
        }
    }

    private func show(_ blocks: ContentBlocks) async throws {
        let cid = try await UnixFSReader(source: blocks).resolve(try ContentPath(path))
        let block = try await blocks.block(cid)
        let facts = try Self.facts(of: block)
        if output.json { return Console.line(JSON.object(facts).text) }
        for (name, value) in facts where value.text != "null" {
            if case .string(let text) = value {
                Console.line("\(name): \(text)")
            } else {
                Console.line("\(name): \(value.text)")
            }
        }
    }

    private static func facts(of block: Block) throws -> [(String, JSON)] {
        let node = try? UnixFSNode(block)  // every other codec has no UnixFS facts
        let links = block.cid.codec == .raw ? [] : try IPLDCodec.links(of: block)
        var cumulative: UInt64 = UInt64(block.bytes.count)
        if block.cid.codec == .dagPB {
            for link in try PBNode(decoding: block.bytes.span).links {
                cumulative = cumulative.addingReportingOverflow(link.tsize ?? 0).partialValue
            }
        }
        return [
            ("cid", .string("\(block.cid)")),
            ("codec", .string("\(block.cid.codec)")),
            ("type", .string(node.map(\.kindName) ?? "data")),
            ("size", (node?.fileByteCount).map { .count($0) } ?? .null),
            ("cumulativeSize", .count(cumulative)),
            ("blockSize", .count(block.bytes.count)),
            ("links", .count(links.count)),
            ("sharded", node.map { if case .hamtShard = $0 { true } else { false } } ?? .null),
            ("target", target(node)),
            ("mode", .text((node?.metadata.mode).map { "0" + String($0, radix: 8) })),
            ("mtime", (node?.metadata.mtime).map { .integer($0.seconds) } ?? .null),
            ("mtimeNanoseconds", (node?.metadata.mtime).map { .count($0.nanoseconds) } ?? .null),
        ]
    }

    private static func target(_ node: UnixFSNode?) -> JSON {
        guard case .symlink(let target, _)? = node else { return .null }
        return .string(Escape.name(target))
    }
}
