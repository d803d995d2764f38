// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ingest
import Repository
import TestSupport
import Testing
import UnixFS

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What becomes of the kinds of entries that sources hold.
struct SourceTests {
    private let scene: Scene

    init() throws { scene = try Scene() }

    private func roots(_ result: IngestResult) -> [String] { result.roots.map { "\($0.cid)" } }

    @Test func `several paths give a root each, in the order given`() async throws {
        try scene.write(.text("one"), as: "b")
        try scene.write(.text("two"), as: "a")
        let both = try await scene.ingest("b", "a")
        #expect(both.roots.map(\.name) == [Array("b".utf8), Array("a".utf8)])
        #expect(try await scene.ingest("b").roots == Array(both.roots.prefix(1)))
        #expect(try await scene.ingest("a").roots == Array(both.roots.suffix(1)))
    }

    @Test func `wrapped paths become entries of one directory`() async throws {
        try scene.write(.text("one"), as: "b")
        try scene.write(InputTree(.directory([("x", .text("two"))])), as: "a")
        var wrapping = scene
        wrapping.change = { $0.wrap = true }
        let result = try await wrapping.ingest("b", "a")
        let root = try #require(result.roots.first).cid
        #expect(result.roots.count == 1)
        #expect(try await scene.names(in: root) == ["a", "b"])
    }

    @Test func `two paths of the same name are not wrapped`() async throws {
        try scene.write(InputTree(.directory([("same", .text("1"))])), as: "a")
        try scene.write(InputTree(.directory([("same", .text("2"))])), as: "b")
        var wrapping = scene
        wrapping.change = { $0.wrap = true }
        let error = await #expect(throws: IngestError.self) {
            try await wrapping.ingest("a/same", "b/same")
        }
        #expect(error?.code == .usage)
        #expect(error?.message.contains("would both be named same") == true)
    }

    @Test func `a path that is missing fails by its name`() async throws {
        let error = await #expect(throws: IngestError.self) { try await scene.ingest("nowhere") }
        #expect(error?.code == .source)
        #expect(error?.message.contains("nowhere") == true)
    }

    @Test func `a file with several names is read once`() async throws {
        let source = try scene.write(
            InputTree(.directory([("a", InputTree(.file(.noise(seed: 2, count: 300_000))))])))
        for name in ["b", "c"] {
            try FileManager.default.linkItem(
                at: source.appending(path: "a"), to: source.appending(path: name))
        }
        let result = try await scene.ingest()
        #expect(result.counts.files == 3)
        #expect(result.counts.bytes == 300_000)
        let copies = InputTree(
            .directory(
                ["a", "b", "c"].map {
                    ($0, InputTree(.file(.noise(seed: 2, count: 300_000))))
                }))
        try scene.write(copies, as: "copies")
        #expect(try await scene.hash("copies") == result.roots.first?.cid)
    }

    @Test func `symbolic links are kept, dangling ones too`() async throws {
        try scene.write(
            InputTree(
                .directory([
                    ("file", .text("x")), ("link", InputTree(.symlink(target: "file"))),
                    ("dangling", InputTree(.symlink(target: "no/where"))),
                ])))
        let result = try await scene.ingest()
        #expect(result.counts.symbolicLinks == 2)
        #expect(result.counts.skipped == 0)
        let root = try #require(result.roots.first).cid
        let reader = UnixFSReader(source: try await scene.repository().blocks)
        let link = try await reader.resolve(root, path: [Array("dangling".utf8)]).cid
        guard case .symlink(let target, _) = try await reader.node(link) else {
            Issue.record("it is no symbolic link")
            return
        }
        #expect(target == Array("no/where".utf8))
    }

    @Test func `followed symbolic links are what they point to, and loops are named`() async throws
    {
        let source = try scene.write(
            InputTree(
                .directory([
                    ("file", .text("x")),
                    ("link", InputTree(.symlink(target: "file"))),
                    ("inner", InputTree(.directory([("up", InputTree(.symlink(target: "..")))]))),
                    ("dangling", InputTree(.symlink(target: "no/where"))),
                ])))
        var following = scene
        following.change = { $0.followsSymbolicLinks = true }
        let run = try await following.run(.store)
        let result = try await run.run([.path(source.path)])
        #expect(
            Set(run.counters.skipped.map(\.reason)) == [.symbolicLinkLoop, .vanished],
            "\(run.counters.skipped)")
        let root = try #require(result.roots.first).cid
        #expect(try await scene.names(in: root) == ["file", "inner", "link"])
        let reader = UnixFSReader(source: try await scene.repository().blocks)
        let link = try await reader.resolve(root, path: [Array("link".utf8)]).cid
        #expect(try await scene.read(link) == Array("x".utf8))
    }

    @Test func `hidden, excluded and ignored entries are left out and counted`() async throws {
        try scene.write(
            InputTree(
                .directory([
                    (".hidden", .text("h")), ("kept.txt", .text("k")), ("log.tmp", .text("t")),
                    ("build", InputTree(.directory([("x", .text("x"))]))),
                    (".cairnignore", .text("build/\n")),
                ])))
        var excluding = scene
        excluding.selection = try Selection(excluding: ["*.tmp"])
        let result = try await excluding.ingest()
        let root = try #require(result.roots.first).cid
        #expect(try await scene.names(in: root) == ["kept.txt"])
        #expect(result.counts.ignored == 4)
        #expect(result.counts.skipped == 0)
        excluding.selection = try Selection(includesHidden: true)
        let hidden = try #require(try await excluding.ingest().roots.first).cid
        #expect(
            try await scene.names(in: hidden) == [".cairnignore", ".hidden", "kept.txt", "log.tmp"])
    }

    @Test func `a FIFO and a socket are left out with a note`() async throws {
        let source = try scene.write(InputTree(.directory([("file", .text("f"))])))
        try #require(mkfifo(source.appending(path: "pipe").path, 0o644) == 0)
        let result: IngestResult
        let run = try await scene.run(.store)
        result = try await run.run([.path(source.path)])
        #expect(result.counts.skipped == 0)
        #expect(result.counts.ignored == 1)
        #expect(run.counters.notes.count == 1)
        #expect(run.counters.notes.first?.contains("pipe: FIFO") == true)
        let error = await #expect(throws: IngestError.self) {
            try await scene.ingest("source/pipe")
        }
        #expect(error?.message.contains("FIFO") == true)
    }

    @Test func `a directory that only held an empty one stays, as Kubo has it`() async throws {
        try scene.write(
            InputTree(
                .directory([
                    ("empty", InputTree(.directory([]))),
                    ("outer", InputTree(.directory([("inner", InputTree(.directory([])))]))),
                ])))
        var overrides = DAGOverrides()
        overrides.includeEmptyDirectories = false
        let result = try await scene.ingest(overrides: overrides)
        let root = try #require(result.roots.first).cid
        #expect(try await scene.names(in: root) == ["outer"])
    }

    @Test(arguments: ["balanced", "trickle"])
    func `empty files are stored and read back`(_ layout: String) async throws {
        try scene.write(InputTree(.directory([("a", .text("")), ("b", .text(""))])))
        var overrides = DAGOverrides()
        overrides.layout = FileLayout(rawValue: layout)
        let result = try await scene.ingest(overrides: overrides)
        let root = try #require(result.roots.first).cid
        let reader = UnixFSReader(source: try await scene.repository().blocks)
        let file = try await reader.resolve(root, path: [Array("a".utf8)]).cid
        #expect(try await scene.read(file) == [])
    }

    @Test func `names may have 255 bytes, and bytes that are no UTF-8`() async throws {
        let long = String(repeating: "n", count: 255)
        let source = try scene.write(InputTree(.directory([(long, .text("long"))])))
        #if os(Linux)
            let path = Array(source.path.utf8) + Array("/\u{e9}-".utf8) + [0xff, 0xfe, 0]
            let descriptor = open(path.map(CChar.init(bitPattern:)), O_CREAT | O_WRONLY, 0o644)
            try #require(descriptor >= 0)
            close(descriptor)
        #endif
        let result = try await scene.ingest()
        #expect(result.counts.skipped == 0)
        let root = try #require(result.roots.first).cid
        let reader = UnixFSReader(source: try await scene.repository().blocks)
        var names: [[UInt8]] = []
        try await reader.list(root) { names.append($0.name) }
        #expect(names.contains(Array(long.utf8)))
        #if os(Linux)
            #expect(names.contains(Array("\u{e9}-".utf8) + [0xff, 0xfe]))
        #endif
    }

    @Test func `three hundred levels of directories come back`() async throws {
        var tree = InputTree.text("deep")
        for _ in 0..<300 { tree = InputTree(.directory([("d", tree)])) }
        // Written with short paths only, which is how such trees come to be.
        var url = scene.path("source")
        for _ in 0..<300 {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
            url.append(path: "d", directoryHint: .notDirectory)
        }
        try InputContent.bytes(Array("deep".utf8)).write(to: url)
        var options = DAGCase.Options()
        options.rawLeaves = true
        let expected = try TreeImporter(options) { _ in }.importRoot(tree)
        let result = try await scene.ingest(profile: .v0_2015, overrides: options.overrides)
        #expect(roots(result) == ["\(expected.cid)"])
        #expect(result.counts.directories == 300)
    }

    #if os(Linux)
        @Test func `files that claim to be empty are read to their end`() async throws {
            let result = try await scene.run(.store).run([.path("/proc/self/limits")])
            let root = try #require(result.roots.first).cid
            let text = String(decoding: try await scene.read(root), as: UTF8.self)
            #expect(text.hasPrefix("Limit "))
        }
    #endif
}
