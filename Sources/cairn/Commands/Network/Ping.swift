// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Node
import Repository

struct Ping: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ping", abstract: "Measure how long a peer takes to answer.")

    @Argument(help: "A peer ID, or a multiaddr that ends in /p2p/ID.")
    var peer: String

    @Option(name: .shortAndLong, help: ArgumentHelp("How often.", valueName: "n"))
    var count = 3

    @Option(
        help: ArgumentHelp(
            "Give up when the peer has not answered for so long.", valueName: "seconds"))
    var timeout = 10

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1000).contains(count) else {
            throw ValidationError("--count \(count): give 1 to 1000")
        }
        guard (1...3600).contains(timeout) else {
            throw ValidationError("--timeout \(timeout): give 1 to 3600")
        }
    }

    func run() async throws {
        let opened = try await repository.open(creating: true)
        var request = ControlRequest(.ping)
        request.peer = peer
        request.count = count
        request.timeoutSeconds = timeout
        let (ping, printsJSON) = (request, output.json)
        try await NodeAccess.withSession(opened, host) { session in
            try await session.perform(ping) { answer, _ in
                guard let ping = answer.ping else { return }
                if printsJSON {
                    Console.line(
                        JSON.object([
                            ("number", .count(ping.number)), ("seconds", .double(ping.seconds)),
                        ]).text)
                } else {
                    Console.line("\(ping.number): \(Figures.decimal(ping.seconds * 1000, 3)) ms")
                }
            }
        }
    }
}
