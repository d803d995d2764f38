// SPDX-License-Identifier: Apache-2.0

import FileIO
import Foundation
import Ingest
import TestSupport
import Testing
import UnixFS

/// A later run leaves unread what is unchanged, and its root is that of a first one.
struct StatCacheTests {
    private var scene: Scene

    init() throws {
        scene = try Scene()
        scene.change = { $0.clock = Scene.tomorrow }
    }

    /// One way of ingesting that meets other branches.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var profile = DAGProfile.standard
        var change: @Sendable (inout DAGOverrides) -> Void = { _ in }
        var options: @Sendable (inout IngestOptions) -> Void = { _ in }
        var isHidden = false
        var excluded: [String] = []
        var included: [String] = []

        static let all = [
            Case(testDescription: "defaults"),
            Case(
                testDescription: "modes and times", profile: .v0_2015,
                change: {
                    $0.rawLeaves = false
                    $0.preserveMode = true
                    $0.preserveMtime = true
                }, isHidden: true),
            Case(
                testDescription: "no empty directories",
                change: { $0.includeEmptyDirectories = false }, excluded: ["*.gz", "new*"]),
            Case(
                testDescription: "small batches, sharded",
                change: {
                    $0.hamtThreshold = 300
                    $0.hamtFanout = 8
                },
                options: {
                    $0.listing.minimum = 4
                    $0.listing.maximum = 9
                    $0.listing.spacing = 3
                    $0.directoryByteLimit = 600
                }, isHidden: true),
            Case(
                testDescription: "links followed",
                options: { $0.followsSymbolicLinks = true }),
            Case(
                testDescription: "only what is included",
                change: { $0.includeEmptyDirectories = false }, included: ["n1*", "plain*/", "*é"]),
        ]
    }

    private func scene(_ setting: Case) throws -> Scene {
        var scene = scene
        scene.change = {
            $0.clock = Scene.tomorrow
            setting.options(&$0)
        }
        scene.selection = try Selection(
            includesHidden: setting.isHidden, excluding: setting.excluded,
            including: setting.included)
        return scene
    }

    @Test(arguments: Case.all, 0..<2)
    func `after any changes the root is that of a first run`(
        _ setting: Case, _ number: Int
    ) async throws {
        let scene = try scene(setting)
        let seed = SeededGenerator.runSeed &* 100 &+ UInt64(number)
        print("stat cache: \(setting.testDescription), seed \(seed)")
        let source = try scene.write(.random(seed: seed))
        var change = TreeChange(source, seed: seed)
        var overrides = DAGOverrides()
        setting.change(&overrides)
        var log: [String] = []
        for round in 0..<8 {
            let result = try await scene.ingest(profile: setting.profile, overrides: overrides)
            let expected = try await scene.hash(profile: setting.profile, overrides: overrides)
            try #require(
                result.roots.first?.cid == expected, "seed \(seed), round \(round): \(log)")
            let again = try await scene.ingest(profile: setting.profile, overrides: overrides)
            #expect(again.roots == result.roots, "seed \(seed), round \(round): \(log)")
            #expect(
                again.counts.filesRead == 0 || again.counts.skipped > 0,
                "seed \(seed), round \(round): \(again.counts) \(log)")
            #expect(again.counts.files == result.counts.files)
            #expect(again.counts.directories == result.counts.directories)
            #expect(again.counts.symbolicLinks == result.counts.symbolicLinks)
            #expect(again.counts.ignored == result.counts.ignored)
            try await scene.expectStored(expected)
            try waitForTick()
            for _ in 0..<Int.random(in: 1...4, using: &change.generator) {
                log.append(try change.next())
            }
        }
    }

    /// Waits until what is written now gets another time than what was written before.
    private func waitForTick() throws {
        let directory = try Directory(scene.directory.url.path)
        let name = Array("tick".utf8)
        func stamp() throws -> FileStatus.Time {
            let file = try directory.createFile(name)
            defer { withExtendedLifetime(file) {} }
            let changed = try directory.status(of: name).changed
            try directory.remove(name)
            return changed
        }
        let start = try stamp()
        while try stamp() <= start {}
    }

    @Test func `one changed file is all that is read`() async throws {
        let source = try scene.write(
            InputTree(
                .directory(
                    (0..<5).map {
                        ("d\($0)", .numbered(name: "f%d", text: "%d", first: 0, count: 30))
                    })))
        _ = try await scene.ingest()
        try Data("other".utf8).write(to: source.appending(path: "d3/f7"))
        let result = try await scene.ingest()
        #expect(result.counts.filesRead == 1)
        #expect(result.counts.unchangedFiles == 149)
        #expect(result.counts.files == 150)
        #expect(result.counts.directories == 6)
        // The file, its directory, and the root; the snapshot's own record does not count.
        #expect(result.counts.newBlocks == 3)
        let root = try await scene.hash()
        #expect(result.roots.map(\.cid) == [root])
    }

    @Test func `a file that was changed shortly before it was read is read again`() async throws {
        let source = try scene.write(.text("now"), as: "file")
        let changed = try Directory(scene.directory.url.path)
            .status(of: Array("file".utf8)).changed
        func run(after nanoseconds: UInt32) async throws -> IngestCounts {
            var scene = scene
            scene.change = {
                $0.clock = {
                    let sum = changed.nanoseconds + nanoseconds
                    return FileStatus.Time(
                        seconds: changed.seconds + Int64(sum / 1_000_000_000),
                        nanoseconds: sum % 1_000_000_000)
                }
            }
            return try await scene.run(.store).run([.path(source.path)]).counts
        }
        #expect(try await run(after: 0).filesRead == 1)
        #expect(try await run(after: 5_000_000).filesRead == 1)
        // Whatever the file system is, a day is enough.
        _ = try await scene.ingest("file")
        #expect(try await scene.ingest("file").counts.unchangedFiles == 1)
    }

    @Test func `what is remembered of one source or option does not hold for another`() async throws
    {
        let tree = InputTree.random(seed: 8)
        try scene.write(tree, as: "one")
        try scene.write(tree, as: "two")
        let both = try await scene.ingest("one", "two")
        #expect(both.counts.unchangedFiles == 0)
        let again = try await scene.ingest("one", "two")
        #expect(again.roots == both.roots)
        #expect(again.counts.filesRead == 0)
        #expect(again.counts.unchangedFiles == both.counts.files)
        var overrides = DAGOverrides()
        overrides.rawLeaves = false
        let other = try await scene.ingest("one", overrides: overrides)
        #expect(other.counts.unchangedFiles == 0)
        #expect(other.roots.map(\.cid) == [try await scene.hash("one", overrides: overrides)])
        #expect(try await scene.ingest("one").counts.filesRead == 0)
        #expect(try await scene.ingest("two", overrides: overrides).counts.unchangedFiles == 0)
    }

    @Test func `wrapped sources are taken from what was remembered of each`() async throws {
        try scene.write(.random(seed: 3), as: "one")
        try scene.write(.text("file"), as: "two")
        _ = try await scene.ingest("one", "two")
        var wrapping = scene
        wrapping.change = {
            $0.wrap = true
            $0.clock = Scene.tomorrow
        }
        let wrapped = try await wrapping.ingest("one", "two")
        #expect(wrapped.counts.filesRead == 0)
        let only = try await wrapping.run(.onlyHash).run(
            ["one", "two"].map { .path(scene.path($0).path) })
        #expect(wrapped.roots == only.roots)
    }

    @Test func `without the cache all is read, and remembered anew`() async throws {
        try scene.write(.random(seed: 4))
        let first = try await scene.ingest()
        var reading = scene
        reading.change = {
            $0.usesStatCache = false
            $0.clock = Scene.tomorrow
        }
        for _ in 0..<2 {
            let result = try await reading.ingest()
            #expect(result.roots == first.roots)
            #expect(result.counts.filesRead == first.counts.filesRead)
            #expect(result.counts.unchangedFiles == 0)
        }
        #expect(try await scene.ingest().counts.filesRead == 0)
    }

    @Test func `a dry run uses what is remembered and changes nothing of it`() async throws {
        let source = try scene.write(.random(seed: 4))
        let first = try await scene.ingest()
        let dry = try await scene.run(.dryRun).run([.path(source.path)])
        #expect(dry.roots == first.roots)
        #expect(dry.counts.filesRead == 0)
        try Data("new".utf8).write(to: source.appending(path: "new"))
        for _ in 0..<2 {
            let dry = try await scene.run(.dryRun).run([.path(source.path)])
            #expect(dry.counts.filesRead == 1)
        }
        #expect(try await scene.ingest().counts.filesRead == 1)
    }

    @Test func `skipped files are tried again every time`() async throws {
        let source = try scene.write(.random(seed: 12))
        let bad = source.appending(path: "gone")
        try FileManager.default.createSymbolicLink(
            atPath: bad.path, withDestinationPath: "no/where")
        var following = scene
        following.change = {
            $0.followsSymbolicLinks = true
            $0.clock = Scene.tomorrow
        }
        let skipped = try await following.ingest().counts.skipped
        #expect(skipped > 0)
        #expect(try await following.ingest().counts.skipped == skipped)
        try FileManager.default.removeItem(at: bad)
        try Data("here".utf8).write(to: bad)
        let result = try await following.ingest()
        #expect(result.counts.skipped == skipped - 1)
        #expect(result.roots.map(\.cid) == [try await following.hash()])
    }
}
