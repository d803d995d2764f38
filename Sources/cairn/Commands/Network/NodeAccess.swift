// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Node
import Repository

/// The node that answers a command: the one that runs on the repository, or else a host of the
/// command's own that lives as long as the command.
enum NodeAccess {
    /// Runs `body` with a session of the running node, or of an own host.
    static func withSession<Result: Sendable>(
        _ repository: Repository, _ host: HostArguments, identity: Node.Identity = .temporary,
        _ body: @escaping @Sendable (any ControlSession) async throws -> Result
    ) async throws -> Result {
        if let result = try await withRunning(repository, body) { return result }
        let options = try host.options(repository.config).forVisit
        return try await Node.visiting(
            repository, options: options, identity: identity, logger: Logs.logger
        ) { node in try await node.withSession { try await body($0) } }
    }

    /// Runs `body` with a session of the running node; nil if none runs.
    static func withRunning<Result: Sendable>(
        _ repository: Repository,
        _ body: @escaping @Sendable (any ControlSession) async throws -> Result
    ) async throws -> Result? {
        try await ControlClient.connected(repository: repository.path) { try await body($0) }
    }

    /// What a command says that makes no sense without a running node.
    static func noNode(_ repository: Repository) -> NoNodeError {
        NoNodeError(path: repository.path)
    }
}

/// A command needs the running node, and none runs.
struct NoNodeError: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "no node runs on \(path); start one with `cairn node`"
    }
}
