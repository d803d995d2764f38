// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A tier in a bucket of a real server on loopback.
@Suite(.tags(.slow))
struct S3TierTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    /// Runs `Scripts/s3 seaweedfs` while `body` runs; skips where it cannot be installed.
    private func withServer(
        _ body: (_ server: [String: Any]) async throws -> Void
    ) async throws {
        let script = Command(Command.packageRoot.appending(path: "Scripts/s3"))
        let setup = try await script.run(["setup"])
        guard setup.status != 69 else { return print("s3 tier: skipped: \(setup.errors)") }
        #expect(setup.status == 0, "\(setup.errors)")
        let process = try RunningCommand(script, ["seaweedfs"])
        let line = try #require(await process.line())
        let server = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        do { try await body(server) } catch { Issue.record(error) }
        process.send("stop")
        _ = await process.end()
    }

    private func configure(_ server: [String: Any], secret: String? = nil) throws {
        let path = bench.repository.appending(path: "config.yaml")
        let old = try String(contentsOf: path, encoding: .utf8)
        let base = old.components(separatedBy: "tiers:\n")[0]
        func text(_ key: String) -> String { server[key] as? String ?? "" }
        let config =
            base + """
                tiers:
                  cold:
                    s3:
                      endpoint: \(text("endpoint"))
                      bucket: \(text("bucket"))
                      prefix: home
                      access-key-id: \(text("accessKeyID"))
                      secret-access-key: \(secret ?? text("secretAccessKey"))
                    rules: [{older-than: 0s}]

                """
        try config.write(to: path, atomically: true, encoding: .utf8)
    }

    @Test func `packs go to a bucket, are read there, and come back`() async throws {
        let source = try bench.write(
            InputTree(
                .directory(
                    (0..<6).map {
                        ("\($0)", InputTree(.file(.noise(seed: UInt64($0), count: 3_000_000))))
                    })))
        let root = try await bench.ingest(source)
        try await withServer { server in
            try configure(server)
            try await bench.run("tier", "move", "--quiet")
            #expect(try bench.packs().count == 1)
            let status = try await bench.run("tier", "status", "--json").objects()
            let cold = try #require(status.first { $0["tier"] as? String == "cold" })
            #expect(cold["packs"] as? Int == 1)
            #expect(cold["reachable"] as? Bool == true)
            try await bench.run("verify", "--quiet")
            try await bench.run("get", "-q", "--offline", root, "-o", bench.path("back"))
            try await bench.expectEqual(source, bench.path("back"))
            // Without the catalog as well.
            try FileManager.default.removeItem(
                at: bench.repository.appending(path: "catalog.sqlite"))
            try await bench.run("reindex")
            let part = try await bench.run(
                "cat", "--offline", "\(root)/3", "--offset", "1000000", "--length", "10")
            let whole = try Data(contentsOf: URL(filePath: source + "/3"))
            #expect(part.output == whole[1_000_000..<1_000_010])
            try await bench.run("tier", "recall", "--quiet", "--all")
            #expect(try bench.packs().count == 2)
            try await bench.run("get", "-q", "--offline", root, "-o", bench.path("again"))
            try await bench.expectEqual(source, bench.path("again"))
        }
    }

    @Test func `a wrong secret is told without being repeated, and nothing is lost`()
        async throws
    {
        let source = try bench.write(
            InputTree(.directory([("a", InputTree(.file(.noise(seed: 1, count: 400_000))))])))
        let root = try await bench.ingest(source)
        try await withServer { server in
            try configure(server, secret: "hush-hush-hush")
            let move = try await bench.run("tier", "move", exits: 1)
            #expect(move.errors.contains("tier cold"))
            #expect(!move.errors.contains("hush"), "\(move.errors)")
            #expect(!move.errors.contains(server["secretAccessKey"] as? String ?? "-"))
            try await bench.run("get", "-q", "--offline", root, "-o", bench.path("back"))
            try await bench.expectEqual(source, bench.path("back"))
        }
    }
}
