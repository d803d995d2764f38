// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Node
import Repository

struct Swarm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swarm", abstract: "Connect to peers, and see which are connected.",
        subcommands: [
            SwarmPeers.self, SwarmConnect.self, SwarmDisconnect.self, SwarmAddresses.self,
        ])
}

struct SwarmConnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Connect to a peer.",
        discussion: """
            Without a running node this only tries whether the peer can be reached.
            """)

    @Argument(help: "Multiaddrs that end in /p2p/ID.")
    var addresses: [String]

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open(creating: true)
        let (addresses, printsJSON) = (addresses, output.json)
        try await NodeAccess.withSession(opened, host) { session in
            for address in addresses {
                var request = ControlRequest(.connect)
                request.address = address
                for case let peer? in try await session.all(request).map(\.peer) {
                    Console.line(printsJSON ? peer.json.text : "connected \(peer.line)")
                }
            }
        }
    }
}

struct SwarmDisconnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disconnect", abstract: "Close the connections of the running node to peers.")

    @Argument(help: "Peer IDs, or multiaddrs that end in /p2p/ID.")
    var peers: [String]

    @OptionGroup var repository: RepositoryOptions

    func run() async throws {
        let opened = try await repository.open()
        let peers = peers
        let done: Void? = try await NodeAccess.withRunning(opened) { session in
            for peer in peers {
                var request = ControlRequest(.disconnect)
                request.peer = peer
                _ = try await session.all(request)
            }
        }
        if done == nil { throw NodeAccess.noNode(opened) }
    }
}

struct SwarmPeers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "List the peers that the node is connected to.",
        discussion: """
            Without a running node, those that a host of the command's own finds to begin with.
            """)

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await listPeers(.peers, of: nil, host, repository, output)
    }
}

struct SwarmAddresses: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "addrs", abstract: "List the peers that the node knows addresses of.",
        discussion: """
            Without a running node, those that a host of the command's own finds to begin with.
            """)

    @Argument(help: "The peer to list; by default all.")
    var peer: String?

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await listPeers(.addresses, of: peer, host, repository, output)
    }
}

private func listPeers(
    _ command: ControlRequest.Command, of peer: String?, _ host: HostArguments,
    _ repository: RepositoryOptions, _ output: OutputOptions
) async throws {
    let opened = try await repository.open(creating: true)
    let printsJSON = output.json
    try await NodeAccess.withSession(opened, host) { session in
        var request = ControlRequest(command)
        request.peer = peer
        try await session.perform(request) { answer, _ in
            guard let peer = answer.peer else { return }
            Console.line(printsJSON ? peer.json.text : peer.line)
        }
    }
}
