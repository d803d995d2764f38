// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import TestSupport
import Testing

/// Pipelines that run inside `cairn node --schedule`.
struct NodeScheduleTests {
    private let bench: Bench
    private let source: String

    init() async throws {
        bench = try Bench.online()
        source = try bench.write(
            InputTree(.directory([("a", .text("a")), ("b", .text("b"))])))
        try await bench.run("id")
    }

    /// Writes a pipeline that is due: its night of two hours ago was missed.
    private func declareDue(_ text: String, as name: String = "p") async throws -> String {
        let path = bench.path("\(name).yaml")
        let hour = Calendar.current.component(.hour, from: Date(timeIntervalSinceNow: -7200))
        let schedule = "schedule: {cron: '0 \(hour) * * *'}\n"
        try Data("sources: \(source)\n\(text)\n\(schedule)".utf8).write(to: URL(filePath: path))
        let catalog = try await SQLiteCatalog.open(
            at: bench.repository.appending(path: "catalog.sqlite").path)
        try await catalog.setPlanned(
            Int64(Date(timeIntervalSinceNow: -2 * 86_400).timeIntervalSince1970), of: name)
        try await catalog.close()
        return path
    }

    /// The first line with that event.
    private func line(_ node: RunningNode, _ event: String) async -> [String: Any]? {
        while let line = await node.process.line() {
            let value = try? JSONSerialization.jsonObject(with: Data(line.utf8))  // told below
            guard let object = value as? [String: Any] else { continue }
            if object["event"] as? String == event { return object }
        }
        Issue.record("no \(event): \(node.process.errors)")
        return nil
    }

    @Test func `a pipeline that is due runs inside the node, and its root is announced`()
        async throws
    {
        let peer = try Bench.online()
        let other = try await RunningNode(peer, ["--dht", "server"])
        let file = try await declareDue("announce: roots")
        // Of itself the node announces nothing.
        let node = try await RunningNode(
            bench,
            [
                "--schedule", file, "--bootstrap", other.address, "--announce", "none", "--dht",
                "server",
            ])
        let run = try #require(await line(node, "run"))
        #expect(run["state"] as? String == "done", "\(run)")
        let ingest = try #require(run["ingest"] as? [String: Any])
        let root = try #require(ingest["root"] as? String)
        let steps = run["steps"] as? [[String: Any]] ?? []
        let announce = try #require(steps.first { $0["name"] as? String == "announce" }, "\(run)")
        let text = announce["text"] as? String ?? ""
        #expect(text.hasPrefix("1 root announced") && !text.contains(" 0 records"), "\(text)")
        // The other node was told, and knows who has it.
        let found = try await peer.run("dht", "findprovs", root, "--json").text
        #expect(found.contains(node.id), "\(found)")
        #expect(await node.end(by: SIGTERM) == 0)
        #expect(await other.end() == 0)
        #expect(try await bench.run("runs", "--json").objects().count == 1)
        try await bench.run("verify", "--quiet")
    }

    @Test func `a node is told to end in the midst of a run: it cancels it and ends well`()
        async throws
    {
        let started = bench.path("started")
        let file = try await declareDue(
            "hooks: {before: {run: 'touch \(started); sleep 1000', timeout: 1h}}")
        let node = try await RunningNode(bench, ["--schedule", file])
        #expect(await line(node, "began") != nil)
        while !FileManager.default.fileExists(atPath: started) { await Task.yield() }
        #expect(await node.end(by: SIGTERM) == 0)
        #expect(!bench.has("node.sock"))
        let run = try #require(try await bench.run("runs", "--json").objects().first)
        #expect(run["state"] as? String == "cancelled", "\(run)")
        // Resumable: the same pipeline runs by hand, its lock is free.
        try Data("sources: \(source)\n".utf8).write(to: URL(filePath: file))
        try await bench.run("run", "--quiet", file)
    }

    @Test func `a mistake in a pipeline keeps the node from starting, and is named`()
        async throws
    {
        let file = bench.path("bad.yaml")
        try Data("sources: /x\nschedule: {crn: '@daily'}\n".utf8).write(
            to: URL(filePath: file))
        let outcome = try await bench.cairn.run([
            "node", "--no-mdns", "--allow-net", "127.0.0.0/8", "--listen", "/ip4/127.0.0.1/tcp/0",
            "--bootstrap", "none", "--schedule", file,
        ])
        #expect(outcome.status == 1, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("\(file):2:12"), "\(outcome.errors)")
        #expect(outcome.errors.contains("did you mean cron"), "\(outcome.errors)")
        #expect(!bench.has("node.sock"))
    }
}
