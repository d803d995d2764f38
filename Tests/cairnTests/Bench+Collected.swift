// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

extension Bench {
    /// Expects, of a repository that was just collected in full and that nobody works on, that
    /// nothing dead is left: no block, no pack that the catalog does not know, no part, no session,
    /// no temporary file.
    ///
    /// - Parameter tier: a directory that is a tier of the repository, too.
    func expectCollected(tier: String? = nil, _ context: String) async throws {
        let dry = try await run("gc", "--dry-run", "--json", "--repack-cold")
        let summary = try #require(try dry.objects().last)
        #expect(summary["freedBlocks"] as? Int == 0, "\(context): \(dry.text)")
        #expect((summary["left"] as? [Any])?.isEmpty == true, "\(context): \(dry.text)")
        let status = try #require(try await run("status", "--json").objects().first)
        // Each live block is stored once.
        #expect(status["blocks"] as? Int == summary["liveBlocks"] as? Int, "\(context)")
        var packs = try packs()
        if let tier {
            packs += try FileManager.default.contentsOfDirectory(atPath: tier)
                .filter { $0 != "cairn-tier" }
        }
        #expect(packs.allSatisfy { $0.hasSuffix(".car.zst") }, "\(context): \(packs)")
        #expect(packs.count == status["packs"] as? Int, "\(context): \(packs)")
        let others = try FileManager.default.subpathsOfDirectory(atPath: repository.path)
            .filter { !$0.hasPrefix("packs/hot/") && !$0.hasPrefix("pipelines/") }
        #expect(
            Set(others).isSubset(of: [
                "catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm", "config.yaml",
                "gc.lock", "packs", "packs/cache", "packs/hot", "pipelines", "repository-id",
                "sessions", "tiers.lock",
            ]), "\(context): \(others)")
    }
}
