// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A repository of Cairn, its commands and its node, confined to loopback.
struct CairnBench {
    let repository: String
    private let cairn: Command

    /// A repository at `path`, made by the first command that stores.
    init(_ path: String) throws {
        repository = path
        var command = try Command.cairn(repository: URL(filePath: path))
        command.environment["CAIRN_OFFLINE"] = nil
        cairn = command
    }

    /// Starts the node; `options` follow the listen address.
    func node(_ options: String..., port: String = "0") async throws -> PeerNode {
        try await PeerNode(
            cairn,
            [
                "node", "--json", "--no-mdns", "--allow-net", "127.0.0.0/8", "--listen",
                "/ip4/127.0.0.1/tcp/\(port)",
            ] + (options.contains("--bootstrap") ? [] : ["--bootstrap", "none"]) + options)
    }

    /// Runs a command and expects it to exit with `status`: the lines of its output.
    @discardableResult
    func run(
        _ arguments: String..., exits status: Int32 = 0,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> [String] {
        let outcome = try await cairn.run(arguments)
        #expect(
            outcome.status == status, "\(arguments): \(outcome.errors)", sourceLocation: location)
        return outcome.lines
    }

    /// Bytes that a command prints.
    func output(_ arguments: String...) async throws -> Data {
        let outcome = try await cairn.run(arguments)
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return outcome.output
    }

    /// Runs a command with `--json`: each line as an object.
    func json(
        _ arguments: String..., at location: SourceLocation = #_sourceLocation
    ) async throws -> [[String: Any]] {
        let outcome = try await cairn.run(arguments + ["--json"])
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)", sourceLocation: location)
        return try outcome.lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    /// Waits until the running node has announced all that it holds.
    func untilAnnounced() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            // Exits with 1 as long as there is a warning: that nobody answers yet.
            let outcome = try await cairn.run(["provide", "status", "--json"])
            let line = try #require(outcome.lines.first, "\(outcome.errors)")
            let status = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            if let total = status["total"] as? Int, total > 0, status["done"] as? Int == total,
                status["waitingPacks"] as? Int == 0
            {
                return
            }
        }
        Issue.record("announcing takes longer than a minute")
    }

    /// Forgets the peers that were met.
    func forgetPeers() throws {
        let path = repository + "/peers"
        guard FileManager.default.fileExists(atPath: path) else { return }
        try FileManager.default.removeItem(atPath: path)
    }
}

/// Expects two trees to be the same.
func expectSameTree(
    _ one: String, _ other: String, at location: SourceLocation = #_sourceLocation
) async throws {
    let outcome = try await Command.named("diff").run(["-r", one, other])
    let differences = outcome.lines.prefix(5).joined(separator: "\n")
    #expect(outcome.status == 0, "\(differences)\(outcome.errors)", sourceLocation: location)
}
