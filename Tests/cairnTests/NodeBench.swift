// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A node that runs for a test, on loopback alone.
struct RunningNode {
    let process: RunningCommand
    /// Its first line.
    let ready: [String: Any]

    init(_ bench: Bench, _ options: [String] = [], port: String = "0") async throws {
        try await self.init(bench.cairn, [], options, port: port)
    }

    /// Starts it by a program that runs the one named at the end of `arguments`.
    init(
        _ command: Command, _ arguments: [String], _ options: [String] = [], port: String = "0"
    ) async throws {
        process = try RunningCommand(
            command,
            arguments + [
                "node", "--json", "--no-mdns", "--allow-net", "127.0.0.0/8", "--listen",
                "/ip4/127.0.0.1/tcp/\(port)",
            ] + (options.contains("--bootstrap") ? [] : ["--bootstrap", "none"]) + options)
        let line = try #require(await process.line(), "\(process.errors)")
        ready = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    var id: String { ready["id"] as? String ?? "" }
    var address: String { (ready["addresses"] as? [String])?.first ?? "" }

    /// Ends it by a signal: its exit code.
    func end(by signal: Int32 = SIGINT) async -> Int32 {
        process.signal(signal)
        return await process.end()
    }
}

extension Bench {
    /// A second bench, whose commands may use the network.
    static func online() throws -> Bench {
        var bench = try Bench()
        bench.cairn.environment["CAIRN_OFFLINE"] = nil
        return bench
    }

    /// The permission bits of a file in the repository.
    func permissions(_ name: String) throws -> Int? {
        let path = repository.appending(path: name).path
        return try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    /// Whether there is such a file in the repository.
    func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: repository.appending(path: name).path)
    }
}
