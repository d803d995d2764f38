// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Foundation
import IPLD
import Lifecycle
import Multiformats
import ObjectStore
import PackStore
import Repository
import Synchronization
import TestSupport
import Testing

@testable import S3

/// A move of one pack to a bucket, or back, that is done again and again from the same beginning
/// while its server fails.
struct MoveTrial: Sendable {
    enum Work: String, Sendable { case move, recall }

    /// The fault of one run: of its request `number`, counted from 1, or of all from there on.
    struct Plan: CustomStringConvertible, Sendable {
        let fault: ServerFault
        let number: Int
        var lasts = false
        /// The request, for messages.
        let request: String

        var description: String { "\(fault) at \(number)\(lasts ? "…" : "") (\(request))" }
    }

    static let tier = PackTier("cold") ?? .cold

    let work: Work
    private let directory: TemporaryDirectory
    private let blocks: [Block]
    private let id: PackID
    private let pack: [UInt8]
    private let objects: [String: [UInt8]]

    /// - Parameter byteCount: of the pack's blocks; above 5 MiB it is uploaded in parts.
    init(_ work: Work, byteCount: Int) async throws {
        self.work = work
        directory = try TemporaryDirectory()
        let start = directory.path("start")
        let new = try await Repository.open(start, creating: true)
        try await (new.catalog as? SQLiteCatalog)?.close()
        try Self.config.write(toFile: start + "/config.yaml", atomically: true, encoding: .utf8)
        var generator = SeededGenerator(seed: 5)
        var blocks: [Block] = []
        while blocks.count * Self.blockByteCount < byteCount {
            var bytes = [UInt8](repeating: 0, count: Self.blockByteCount)
            for index in bytes.indices {
                bytes[index] = UInt8(truncatingIfNeeded: index ^ index >> 7)
            }
            for index in stride(from: 0, to: bytes.count, by: 7) {
                bytes[index] = UInt8.random(in: 0...255, using: &generator)
            }
            blocks.append(
                Block(cid: try CIDBuilder().cid(codec: .raw, hashing: bytes.span), bytes: bytes))
        }
        self.blocks = blocks
        let server = try MoveServer(nil, hot: start)
        let repository = try await Self.open(start, server)
        for pack in try repository.sealPacks(of: blocks, in: .hot) {
            try await repository.commit(pack)
        }
        id = try #require(try await repository.catalog.packs().first).id
        pack = [UInt8](try Data(contentsOf: URL(filePath: Self.file(id, in: start))))
        if work == .recall {
            #expect(try await Self.run(.move, repository).failures == [])
        }
        try await (repository.catalog as? SQLiteCatalog)?.close()
        objects = server.bucket.objects
    }

    private static let blockByteCount = 500_000

    private static let config = """
        format: 1
        tiers:
          cold:
            s3:
              endpoint: https://s3.example.org
              bucket: packs
              prefix: home
              access-key-id: TEST
              secret-access-key: secret
            rules: [{older-than: 0s}]

        """

    private static func file(_ id: PackID, in repository: String) -> String {
        "\(repository)/packs/hot/\(id).car.zst"
    }

    /// The repository, opened as another process would, with its tier at that server.
    private static func open(_ path: String, _ server: MoveServer) async throws -> Repository {
        try await Repository.open(path, creating: false, wrapping: { $1 }) {
            _ throws(ObjectStoreError) in try server.store()
        }
    }

    private static func run(_ work: Work, _ repository: Repository) async throws -> TierReport {
        try await TierMove(repository).run {
            work == .move
                ? try await Tiering(repository).plan()
                : try await Tiering(repository).planRecallingAll()
        }
    }

    /// The requests of the work when nothing fails.
    func requests() async throws -> [ReceivedRequest] {
        let server = try await prepare("requests", nil)
        let repository = try await Self.open(directory.path("requests"), server)
        #expect(try await Self.run(work, repository).failures == [])
        return server.requests
    }

    private func prepare(_ name: String, _ plan: Plan?) async throws -> MoveServer {
        try FileManager.default.copyItem(
            atPath: directory.path("start"), toPath: directory.path(name))
        let server = try MoveServer(plan, hot: directory.path(name))
        server.bucket.fill(objects)
        server.expect(id, pack, work)
        return server
    }

    /// Does the work with the fault, and again without it.
    ///
    /// - Returns: whether the first run did it.
    func run(_ plan: Plan) async throws -> Bool {
        let name = "\(plan.fault)-\(plan.number)-\(plan.lasts)"
        let path = directory.path(name)
        defer { try? FileManager.default.removeItem(atPath: path) }  // goes with the test
        let server = try await prepare(name, plan)
        var told: [String] = []
        do {
            told = try await Self.run(work, Self.open(path, server)).failures
        } catch let error as PackError { told = ["\(error)"] }
        #expect(server.hitCount > 0, "\(plan) never came")
        #expect(server.gaps == [], "\(plan): no complete copy")
        for text in told { expectHelpful(text, plan) }

        server.heal()
        let next = try await Self.open(path, server)
        try await expectReadable(next, "after \(plan)")
        let again = try await Self.run(work, next)
        #expect(again.failures == [], "again after \(plan)")
        #expect(server.bucket.uploadCount == 0, "\(plan) left an upload")
        let key = "home/\(id).car.zst"
        let file = Self.file(id, in: path)
        #expect(try await next.catalog.doomedPacks().isEmpty, "\(plan)")
        #expect(
            try await next.catalog.packs().map(\.tier) == [work == .move ? Self.tier : .hot],
            "\(plan)")
        if work == .move {
            let isStored = server.bucket.object(key) == pack
            #expect(isStored, "\(plan)")
            #expect(!FileManager.default.fileExists(atPath: file), "\(plan)")
        } else {
            #expect(server.bucket.object(key) == nil, "\(plan)")
            let isBack = [UInt8](try Data(contentsOf: URL(filePath: file))) == pack
            #expect(isBack, "\(plan)")
        }
        try await expectReadable(try await Self.open(path, server), "at the end of \(plan)")
        return told.isEmpty
    }

    private func expectReadable(_ repository: Repository, _ what: String) async throws {
        let found = Mutex(0)
        try await repository.blocks.forEachBlock(blocks.map(\.cid)) { [blocks] index, block in
            #expect(block == blocks[index], "\(what)")
            found.withLock { $0 += 1 }
        }
        #expect(found.withLock { $0 } == blocks.count, "\(what)")
    }

    /// An error names the tier, the object and what to do.
    private func expectHelpful(_ text: String, _ plan: Plan) {
        #expect(text.contains("tier cold"), "\(plan): \(text)")
        let names = ["\(id)", "cairn-tier", "//packs/home", "/packs/home/"]
        #expect(names.contains { text.contains($0) }, "\(plan): \(text)")
        let remedies = [
            "try again", "check ", "run `cairn", "with `cairn", "needs s3:", "may lack",
        ]
        #expect(remedies.contains { text.contains($0) }, "\(plan): \(text)")
    }
}
