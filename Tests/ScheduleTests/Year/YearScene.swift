// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO
import Foundation
import Lifecycle
import Multiformats
import Repository
import Schedule
import Synchronization
import TestSupport
import Testing

/// A repository that a declared pipeline fills every night, by a clock that only the test turns.
final class YearScene {
    /// The hot tier is collected once it takes more.
    static let mark = 768 << 10
    /// 1 January 2040, half past two (UTC): later than any file that the test writes.
    private static let start: Int64 = 2_209_084_200
    private static let day: Int64 = 86_400

    let folder: TemporaryDirectory
    let repository: Repository
    private(set) var tree: ChangingTree
    private let pipeline: PipelineDeclaration
    private let seconds: Hand
    /// What each snapshot that is kept must give back.
    private(set) var kept: [String: [String: ChangingTree.Content]] = [:]
    /// In how many of these each block is.
    private var uses: [ChangingTree.Chunk: Int] = [:]
    /// The bytes of blocks of files that these need.
    private(set) var liveByteCount = 0
    /// What the steps of the runs said.
    private(set) var said: [String: [String]] = [:]

    /// The time that the scene's clock shows.
    private final class Hand: Sendable {
        private let state: Mutex<Int64>
        init(_ seconds: Int64) { state = Mutex(seconds) }
        var seconds: Int64 {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    init(seed: UInt64) async throws {
        let folder = try TemporaryDirectory()
        let hand = Hand(Self.start)
        let path = folder.path("repository")
        _ = try await Repository.open(path, creating: true)
        try Data(
            """
            format: 1
            tiers:
              cold:
                directory: \(folder.path("cold"))
                rules: [{older-than: 30d}]
            gc: {if-above: \(Self.mark), repack-cold: true}

            """.utf8
        ).write(to: URL(filePath: path + "/config.yaml"))
        self.folder = folder
        seconds = hand
        repository = try await Repository.open(
            path, creating: false,
            clock: WallClock { FileStatus.Time(seconds: hand.seconds, nanoseconds: 0) })
        tree = try ChangingTree(
            at: URL(filePath: folder.path("source")), fileCount: 50, seed: seed)
        pipeline = try PipelineDeclaration.parse(
            """
            sources: \(folder.path("source"))
            dag: {chunker: size-\(ChangingTree.chunkByteCount)}
            retention: {keep-daily: 7, keep-weekly: 5, keep-monthly: 12}
            tiers: {}
            gc: {when: always}
            schedule: {cron: "30 2 * * *", timezone: Etc/UTC}
            """, path: "nightly.yaml")
    }

    /// A day goes by, and the nightly run.
    func pass(day: Int) async throws {
        seconds.seconds = Self.start + Int64(day) * Self.day
        if day > 0 { try tree.change(day: day) }
        let report = await PipelineRun(pipeline, repository: repository).run()
        try #require(report.exitCode == 0, "day \(day): \(report.record)")
        for step in report.steps { said[step.name, default: []].append(step.text) }
        let id = try #require(report.record.snapshotID)
        kept[id] = tree.files
        count(tree.files, by: 1)
        let left = Set(try await repository.catalog.snapshots(limit: nil).map(\.id))
        for gone in kept.keys.filter({ !left.contains($0) }) {
            count(kept.removeValue(forKey: gone) ?? [:], by: -1)
        }
        #expect(left == Set(kept.keys), "day \(day)")
    }

    private func count(_ files: [String: ChangingTree.Content], by change: Int) {
        // A block that a snapshot has twice counts twice, and goes twice.
        for chunk in files.values.flatMap(\.chunks) {
            let count = uses[chunk, default: 0] + change
            if count == 0 || (change > 0 && count == 1) {
                liveByteCount += change * chunk.byteCount
            }
            uses[chunk] = count == 0 ? nil : count
        }
    }

    /// How many packs there are on disk, and their bytes, by tier.
    func packs() throws -> [String: (count: Int, byteCount: Int)] {
        var packs: [String: (count: Int, byteCount: Int)] = [:]
        for (tier, path) in [
            ("hot", repository.path + "/packs/hot"), ("cold", folder.path("cold")),
        ] {
            // The cold tier is made by the first move.
            let names = try? FileManager.default.contentsOfDirectory(atPath: path)
            for name in names ?? [] where name.hasSuffix(".car.zst") {
                let size = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[
                    .size]
                packs[tier, default: (0, 0)].count += 1
                packs[tier, default: (0, 0)].byteCount += try #require(size as? Int)
            }
        }
        return packs
    }

    /// Expects that a snapshot gives back what was there that night, byte for byte.
    func expectRestored(_ id: String) async throws {
        let snapshot = try #require(try await repository.catalog.snapshot(matching: id))
        let root = try CID(try #require(snapshot.roots.first).cid)
        let target = folder.path("restored")
        try await Restore(source: repository.blocks).run(root, to: target)
        var left = try #require(kept[id])
        let files = try #require(FileManager.default.enumerator(atPath: target))
        for case let path as String in files {
            let url = URL(filePath: "\(target)/\(path)")
            if files.fileAttributes?[.type] as? FileAttributeType == .typeDirectory { continue }
            let content = left.removeValue(forKey: path)
            #expect(try Data(contentsOf: url) == content?.bytes, "\(id): \(path)")
        }
        #expect(left.isEmpty, "\(id): missing \(left.keys.sorted())")
        try FileManager.default.removeItem(atPath: target)
    }

    /// Expects that all packs, the catalog and all snapshots are sound.
    func expectSound(at location: SourceLocation = #_sourceLocation) async throws {
        let report = try await Verify(repository).run()
        #expect(report.findings.isEmpty, "\(report.findings)", sourceLocation: location)
    }
}
