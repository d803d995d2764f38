// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Node
import Repository

struct DHTCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dht", abstract: "Ask the DHT who has a block, or where a peer is.",
        subcommands: [
            DHTFindProviders.self, DHTProvide.self, DHTFindPeer.self, DHTQuery.self,
        ])
}

struct DHTFindProviders: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "findprovs", abstract: "List peers that say that they have a block.",
        discussion: "Exits with 1 if nobody does.")

    @Argument(help: "The block's CID.")
    var cid: String

    @Option(name: .shortAndLong, help: ArgumentHelp("List at most so many.", valueName: "n"))
    var limit = 20

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else {
            throw ValidationError("--limit \(limit): give 1 to 10000")
        }
    }

    func run() async throws {
        var request = ControlRequest(.findProviders)
        request.cid = cid
        request.limit = limit
        try await printPeers(request, host, try await repository.open(creating: true), output)
    }
}

struct DHTFindPeer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "findpeer", abstract: "Look for the addresses of a peer.",
        discussion: "Exits with 1 if nobody knows any.")

    @Argument(help: "The peer ID.")
    var peer: String

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var request = ControlRequest(.findPeer)
        request.peer = peer
        try await printPeers(request, host, try await repository.open(creating: true), output)
    }
}

private func printPeers(
    _ request: ControlRequest, _ host: HostArguments, _ repository: Repository,
    _ output: OutputOptions
) async throws {
    let printsJSON = output.json
    try await NodeAccess.withSession(repository, host) { session in
        try await session.perform(request) { answer, _ in
            guard let peer = answer.peer else { return }
            Console.line(printsJSON ? peer.json.text : peer.line)
        }
    }
}

struct DHTProvide: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provide", abstract: "Tell the DHT that this node has a block.",
        discussion: """
            The block must be in the repository. Records lead to the repository's node, so they \
            are of use while it runs, which also renews them: see `cairn provide`.
            """)

    @Argument(help: "CIDs of blocks.")
    var cids: [String]

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open()
        try await announce(cids, .provide, host, opened, output)
    }
}

/// Announces each of `cids`, or all if there are none, and prints what came of it.
func announce(
    _ cids: [String], _ command: ControlRequest.Command, _ host: HostArguments,
    _ repository: Repository, _ output: OutputOptions
) async throws {
    let printsJSON = output.json
    let requests = cids.map { cid in
        var request = ControlRequest(command)
        request.cid = cid
        return request
    }
    let all = requests.isEmpty ? [ControlRequest(command)] : requests
    try await NodeAccess.withSession(repository, host, identity: .repository) { session in
        for request in all {
            for case let result? in try await session.all(request).map(\.provided) {
                Console.line(printsJSON ? result.json.text : result.line)
            }
        }
    }
}

struct DHTQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Find the peers of the DHT that are closest to a key.")

    @Argument(help: "A CID or a peer ID.")
    var key: String

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open(creating: true)
        var request = ControlRequest(.query)
        request.key = key
        let (query, printsJSON) = (request, output.json)
        try await NodeAccess.withSession(opened, host) { session in
            try await session.perform(query) { answer, _ in
                guard let step = answer.step else { return }
                if printsJSON {
                    Console.line(
                        JSON.object([
                            ("peer", .string(step.peer)), ("kind", .string(step.kind)),
                            ("addresses", .strings(step.addresses)),
                        ]).text)
                } else {
                    let words = [step.peer] + step.addresses
                    Console.line(words.map { Escape.name($0) }.joined(separator: " "))
                }
            }
        }
    }
}
