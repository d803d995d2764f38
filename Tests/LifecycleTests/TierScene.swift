// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import IPLD
import Lifecycle
import Multiformats
import ObjectStore
import PackStore
import Repository
import TestSupport

/// A repository with a tier `cold` in a directory, for one test.
final class TierScene: Sendable {
    let directory: TemporaryDirectory

    /// - Parameter tiers: what stands under `tiers:`; DIR is the scene's directory.
    init(
        _ tiers: String = """
        cold:
          directory: DIR/cold
          rules: [{older-than: 0s}]
        """
    ) async throws {
        directory = try TemporaryDirectory()
        _ = try await Repository.open(path("repository"), creating: true)
        try configure(tiers)
    }

    func path(_ name: String) -> String { directory.url.appending(path: name).path }

    func configure(_ tiers: String) throws {
        let lines = tiers.replacing("DIR", with: directory.url.path).split(separator: "\n")
        let text = "format: 1\ntiers:\n" + lines.map { "  \($0)\n" }.joined()
        try text.write(toFile: path("repository/config.yaml"), atomically: true, encoding: .utf8)
    }

    /// The repository, opened anew: as another process would have it.
    func repository(
        wrapping wrap: @escaping Repository.StoreWrapper = { $1 }
    ) async throws -> Repository {
        try await Repository.open(path("repository"), creating: false, wrapping: wrap)
    }

    /// Stores packs of a few leaves each, and returns what is in them.
    func store(packs count: Int, in repository: Repository) async throws -> [Block] {
        var blocks: [Block] = []
        for pack in 0..<count {
            var generator = SeededGenerator(seed: UInt64(pack))
            let new = try (0..<4).map { _ in
                let bytes = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
                return Block(
                    cid: try CIDBuilder().cid(codec: .raw, hashing: bytes.span), bytes: bytes)
            }
            try await repository.blocks.put(new)
            blocks += new
        }
        return blocks
    }

    /// The names of the files in a tier's directory that are packs, sealed or not.
    func files(_ tier: String) throws -> [String] {
        let folder = tier == "hot" ? path("repository/packs/hot") : path(tier)
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.contains(".car.zst") }.sorted()
    }

    /// Flips a bit in the middle of a file.
    func damage(_ path: String) throws {
        let url = URL(filePath: path)
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count / 3] ^= 1
        try bytes.write(to: url)
    }
}

extension Repository {
    /// Carries out the rules.
    @discardableResult
    func moveByRules() async throws -> TierReport {
        try await TierMove(self).run { try await Tiering(self).plan() }
    }

    /// Brings everything back.
    @discardableResult
    func recallAll() async throws -> TierReport {
        try await TierMove(self).run { try await Tiering(self).planRecallingAll() }
    }

    /// In which tiers packs lie, with how many there are.
    func packCounts() async throws -> [PackTier: Int] {
        try await catalog.packs().reduce(into: [:]) { $0[$1.tier, default: 0] += 1 }
    }

    /// Reads blocks, each of which must be what it was.
    func holds(_ blocks: [Block]) async throws -> Bool {
        for block in blocks where try await self.blocks.block(block.cid) != block { return false }
        return true
    }
}

extension PackTier {
    static func named(_ name: String) -> PackTier {
        guard let tier = PackTier(name) else { preconditionFailure("\(name) is no tier") }
        return tier
    }
}

extension Block {
    /// A DAG-PB node with one link.
    static func node(linking cid: CID) throws -> Block {
        let bytes = PBNode(links: [PBLink(hash: cid, tsize: 1)]).encode()
        return Block(cid: try CIDBuilder().cid(codec: .dagPB, hashing: bytes.span), bytes: bytes)
    }
}
