// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileIO
import Libp2p
import Node
import Repository

struct IDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "id",
        abstract: "Say who the repository's node is, and where it listens if it runs.",
        discussion: "The identity is made on first use, and lies in identity.key.")

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open(creating: true)
        let running = try await NodeAccess.withRunning(opened) { session in
            try await session.all(ControlRequest(.identity)).compactMap(\.identity).first
        }
        guard let report = running ?? nil else { return try await showKey(of: opened) }
        if output.json {
            return Console.line(
                JSON.object([("running", true)] + report.fields).text)
        }
        Console.line(report.id)
        for address in report.addresses { Console.line(address) }
    }

    private func showKey(of repository: Repository) async throws {
        let key = try await BlockingPool.shared.run { [path = repository.path] in
            try NodeIdentity.load(repository: path).publicKey
        }
        if output.json {
            return Console.line(
                JSON.object([
                    ("running", false), ("id", .string("\(key.peerID)")),
                    ("keyType", .string("\(key.type)")),
                ]).text)
        }
        Console.line("\(key.peerID)")
    }
}

extension ControlSession {
    /// All answers to `request`, for requests whose answers are few.
    func all(_ request: ControlRequest) async throws -> [ControlAnswer] {
        let collected = Collected()
        try await perform(request) { answer, _ in collected.append(answer) }
        return collected.answers
    }
}
