// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A node of another implementation, or of Cairn, that runs for a test.
struct PeerNode {
    let process: RunningCommand
    /// Its first line.
    let ready: [String: Any]

    /// Starts a command whose first line says that it is up.
    init(_ command: Command, _ arguments: [String]) async throws {
        process = try RunningCommand(command, arguments)
        guard let line = await process.line(),
            let ready = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        else {
            let status = await process.end()
            throw Peers.Failure(
                command: arguments.joined(separator: " "), status: status, errors: process.errors)
        }
        self.ready = ready
    }

    /// Kubo with its repository at `path`.
    static func kubo(_ path: String, _ options: String...) async throws -> PeerNode {
        try await PeerNode(Peers.command, ["kubo", "--repo", path] + options)
    }

    /// py-libp2p.
    static func pyLibp2p(_ options: String...) async throws -> PeerNode {
        try await PeerNode(Peers.command, ["py-libp2p"] + options)
    }

    var id: String { ready["id"] as? String ?? "" }

    /// Its only address, with `/p2p`.
    var address: String {
        ((ready["addrs"] ?? ready["addresses"]) as? [String])?.first ?? ""
    }

    /// The TCP port in ``address``.
    var port: String { String(address.split(separator: "/").dropFirst(3).first ?? "") }

    /// Sends a command, and waits for its answer, which must be a good one.
    @discardableResult
    func call(
        _ command: String, _ arguments: [String: Any] = [:],
        at location: SourceLocation = #_sourceLocation
    ) async throws -> [String: Any] {
        let request = arguments.merging(["id": 1, "cmd": command]) { _, ours in ours }
        let data = try JSONSerialization.data(withJSONObject: request)
        process.send(String(decoding: data, as: UTF8.self))
        let line = try #require(
            await process.line(), "\(command): \(process.errors)", sourceLocation: location)
        let answer = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        try #require(
            answer["ok"] as? Bool == true, "\(command): \(line)", sourceLocation: location)
        return answer
    }

    /// The peers that it is connected to.
    func peers() async throws -> [String] {
        try await call("peers")["peers"] as? [String] ?? []
    }

    /// Ends one of the other implementations.
    func quit() async {
        process.send(#"{"cmd":"quit"}"#)
        _ = await process.end()
    }

    /// Ends a node of Cairn by SIGINT: its exit code.
    func interrupt() async -> Int32 {
        process.signal(SIGINT)
        return await process.end()
    }
}
