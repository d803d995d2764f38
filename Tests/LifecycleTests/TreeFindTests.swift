// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Lifecycle
import Multiformats
import TestSupport
import Testing
import UnixFS

/// What `cairn find` and `cairn history` tell, on trees in memory.
struct TreeFindTests {
    private let scene = TreeScene()

    private func find(
        _ pattern: String, _ snapshots: [SnapshotRecord], ignoringCase: Bool = false,
        kinds: Set<TreeEntry.Kind> = [.file, .directory, .symlink, .data]
    ) async throws -> [String: [Set<String>]] {
        var found: [String: [Set<String>]] = [:]
        let pattern = try TreePattern(pattern, ignoringCase: ignoringCase)
        try await TreeFind(scene.blocks, pattern, kinds: kinds).run(in: snapshots) { path, error in
            Issue.record("\(path): \(error)")
        } _: { match in
            let path = match.path.map { String(decoding: $0, as: UTF8.self) }
                .joined(separator: "/")
            found[path, default: []].append(Set(match.snapshots.map(\.id)))
        }
        return found
    }

    @Test(arguments: [
        ("*.txt", ["a.txt", "d/b.txt", "d/e/B.TXT.txt"]), ("d/*.txt", ["d/b.txt"]),
        ("d/**/*.txt", ["d/b.txt", "d/e/B.TXT.txt"]), ("/a.txt", ["a.txt"]),
        ("**/e/", ["d/e"]), ("e", ["d/e"]), ("!x", ["!x"]), ("nothing", []),
        ("[ab].txt", ["a.txt", "d/b.txt"]), ("d/e/**", ["d/e/B.TXT.txt", "d/e/link"]),
    ])
    func `patterns are those of gitignore`(_ pattern: String, _ expected: [String]) async throws {
        let root = try await scene.store(
            .folder([
                "a.txt": .text("a"), "!x": .text("x"),
                "d": .folder([
                    "b.txt": .text("b"),
                    "e": .folder([
                        "B.TXT.txt": .text("c"), "link": InputTree(.symlink(target: "b")),
                    ]),
                ]),
            ]))
        let found = try await find(pattern, [scene.snapshot([("data", root)], at: 1)])
        #expect(found.keys.sorted() == expected.sorted())
    }

    @Test func `case can be ignored, and kinds chosen`() async throws {
        let root = try await scene.store(
            .folder([
                "Über.JPG": .text("a"), "über.jpg.d": .folder(["x": .text("")]),
                "l.jpg": InputTree(.symlink(target: "x")),
            ]))
        let snapshots = [scene.snapshot([("data", root)], at: 1)]
        #expect(
            try await find("ü*", snapshots, ignoringCase: true).keys.sorted()
                == ["Über.JPG", "über.jpg.d"].sorted())
        #expect(try await find("*", snapshots, kinds: [.symlink]).keys.sorted() == ["l.jpg"])
        #expect(
            try await find("*", snapshots, kinds: [.directory]).keys.sorted() == ["über.jpg.d"])
    }

    /// Against a look through each snapshot by itself.
    @Test(arguments: TreeDiffTests.layouts)
    func `many snapshots give what each alone gives`(_ layout: TreeScene.Directories) async throws {
        var generator = SeededGenerator(seed: 5)
        var tree = InputTree.small(size: 30, using: &generator)
        var snapshots: [SnapshotRecord] = []
        var expected: [String: [String: Set<String>]] = [:]
        for number in 0..<20 {
            let root = try await scene.store(tree, number % 5 == 4 ? .basic : layout)
            snapshots.append(scene.snapshot([("data", root)], at: Int64(number)))
            for (path, content) in tree.paths() where path.hasSuffix("1") {
                expected[path, default: [:]][content, default: []].insert("s\(number)")
            }
            if number.isMultiple(of: 3) { tree = tree.changed(using: &generator) }
        }
        let found = try await find("*1", snapshots, kinds: [.file, .symlink])
        for (path, states) in expected {
            let files = states.filter { $0.key != "directory" }
            // A file is one match however its directories are laid out.
            #expect(Set(found[path] ?? []) == Set(files.values), "\(path)")
        }
        #expect(found.values.allSatisfy { Set($0).count == $0.count })
    }

    @Test(arguments: TreeDiffTests.layouts)
    func `what snapshots share is read once`(_ layout: TreeScene.Directories) async throws {
        var folders: [String: InputTree] = [:]
        for folder in 0..<10 {
            var files: [String: InputTree] = [:]
            for file in 0..<100 { files["\(folder)-\(file)"] = .text("\(file)") }
            folders["\(folder)"] = .folder(files)
        }
        var snapshots: [SnapshotRecord] = []
        for number in 0..<30 {
            folders["3"] = .folder(["changing": .text("\(number)")])
            let root = try await scene.store(.folder(folders), layout)
            snapshots.append(scene.snapshot([("data", root)], at: Int64(number)))
        }
        _ = scene.blocks.takeCounts()
        let found = try await find("*-7", snapshots)
        #expect(found.count == 9 && found.values.allSatisfy { $0 == [Set(snapshots.map(\.id))] })
        let counts = scene.blocks.takeCounts()
        #expect(counts.values.allSatisfy { $0 == 1 }, "\(counts.values.max() ?? 0) reads")
    }

    @Test func `a block that is missing is told, and the rest is found`() async throws {
        let lost = InputTree.folder(["x": .text("lost")])
        let root = try await scene.store(.folder(["a": lost, "b": .folder(["x": .text("b")])]))
        scene.blocks.lose(try await scene.store(lost))
        var failures: [[[UInt8]]] = []
        var found: [[[UInt8]]] = []
        try await TreeFind(scene.blocks, try TreePattern("x")).run(
            in: [scene.snapshot([("data", root)], at: 1)]
        ) { path, _ in
            failures.append(path)
        } _: {
            found.append($0.path)
        }
        #expect(failures == [[[0x61]]])
        #expect(found == [[[0x62], [0x78]]])
    }

    @Test func `several roots and a file as root are found by their names`() async throws {
        let a = try await scene.store(.folder(["x": .text("1")]))
        let file = try await scene.store(.text("single"))
        let snapshots = [
            scene.snapshot([("left", a), ("right", a)], at: 1, sources: ["/left", "/right"]),
            scene.snapshot([("x", file)], at: 2, sources: ["/x"]),
        ]
        #expect(
            try await find("x", snapshots)
                == ["left/x": [["s1"]], "right/x": [["s1"]], "x": [["s2"]]])
    }

    private func history(
        _ path: String, _ snapshots: [SnapshotRecord]
    ) async throws -> [[(size: UInt64?, ids: [String])]] {
        try await PathHistory(scene.blocks).series(of: path, in: snapshots).map { series in
            series.versions.map { ($0.entry?.byteCount, $0.snapshots.map(\.id)) }
        }
    }

    @Test func `a path's history tells when it came, changed, went and came back`() async throws {
        var snapshots: [SnapshotRecord] = []
        for (number, text) in [nil, "1", "1", "22", nil, nil, "1"].enumerated() {
            var files = ["other": InputTree.text("\(number)")]
            files["file"] = text.map { .text($0) }
            let root = try await scene.store(.folder(["d": .folder(files)]))
            snapshots.append(scene.snapshot([("data", root)], at: Int64(number)))
        }
        let found = try await history("d/file", snapshots.shuffled())
        #expect(found.count == 1)
        #expect(found[0].map(\.size) == [nil, 1, 2, nil, 1])
        #expect(found[0].map(\.ids) == [["s0"], ["s1", "s2"], ["s3"], ["s4", "s5"], ["s6"]])
        let bySource = try await history("/data/d/file", snapshots)
        #expect(bySource[0].map(\.ids) == found[0].map(\.ids))
        #expect(try await history("d/none", snapshots).isEmpty)
        #expect(try await history("d/file/below", snapshots).isEmpty)
    }

    @Test func `series are told apart, and a source among several is a root's name`() async throws {
        let one = try await scene.store(.folder(["f": .text("1")]))
        let two = try await scene.store(.folder(["f": .text("22")]))
        let snapshots = [
            scene.snapshot([("a", one)], at: 1, sources: ["/x/a"]),
            scene.snapshot([("a", two)], at: 2, sources: ["/x/a"], host: "other"),
            scene.snapshot([("a", one), ("b", two)], at: 3, sources: ["/x/a", "/x/b"]),
        ]
        let found = try await history("/x/a/f", snapshots)
        #expect(found.map { $0.map(\.ids) } == [[["s1"]], [["s2"]], [["s3"]]])
        #expect(found.map { $0.map(\.size) } == [[1], [2], [1]])
        #expect(try await history("b/f", snapshots).map { $0.map(\.size) } == [[2]])
        #expect(try await history("f", snapshots).count == 2)
    }
}
