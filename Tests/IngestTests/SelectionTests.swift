// SPDX-License-Identifier: Apache-2.0

import FileIO
import Foundation
import Testing

@testable import Ingest

struct SelectionTests {
    /// Walks to `path`, whose end is a directory if it ends in "/".
    private func decision(
        _ path: String, _ start: Selection, rules: [String: String] = [:]
    ) throws -> Selection.Decision {
        var selection = start
        var decision = Selection.Decision.keep
        func enter(_ name: [UInt8]?, _ directory: String) throws {
            let text = rules[directory]
            selection.enter(
                name: name, rules: try text.map { try IgnoreRules(parsing: Array($0.utf8)) })
        }
        try enter(nil, "")
        let names = path.split(separator: "/")
        for (index, name) in names.enumerated() {
            let isDirectory = index < names.count - 1 || path.hasSuffix("/")
            decision = selection.decision(name: Array(name.utf8), isDirectory: isDirectory)
            if case .skip = decision { break }
            if isDirectory {
                try enter(Array(name.utf8), names[...index].joined(separator: "/"))
            }
        }
        return decision
    }

    @Test(arguments: [
        // The examples of gitignore(5).
        ("hello.*", "hello.txt", true), ("hello.*", "a/hello.java", true),
        ("/hello.*", "hello.c", true), ("/hello.*", "a/hello.java", false),
        ("foo/", "foo/", true), ("foo/", "a/foo/", true), ("foo/", "foo", false),
        ("doc/frotz", "doc/frotz", true), ("doc/frotz", "a/doc/frotz", false),
        ("/doc/frotz", "doc/frotz", true), ("doc/frotz/", "a/doc/frotz/", false),
        ("frotz/", "a/frotz/", true), ("foo/*", "foo/test.json", true),
        ("foo/*", "foo/bar/", true), ("foo/*", "bar/foo/hello.c", false),
        ("**/foo", "a/b/foo", true), ("**/foo/bar", "a/foo/bar", true), ("abc/**", "abc/x", true),
        ("abc/**", "abc/", false), ("a/**/b", "a/b", true), ("a/**/b", "a/x/b", true),
        ("a/**/b", "a/x/y/b", true), ("#foo", "#foo", false), ("\\#foo", "#foo", true),
        ("\\!important!.txt", "!important!.txt", true), ("*.[oa]\n!lib.a", "lib.a", false),
        ("*.[oa]\n!lib.a", "b/x.a", true), ("/*\n!/foo\n/foo/*\n!/foo/bar", "foo/bar/", false),
        ("/*\n!/foo\n/foo/*\n!/foo/bar", "foo/baz", true),
        ("/*\n!/foo\n/foo/*\n!/foo/bar", "quux", true),
    ])
    func `documented examples of git hold`(
        _ rules: String, _ path: String, _ isIgnored: Bool
    ) throws {
        let found = try decision(path, .standard, rules: ["": rules])
        #expect(found == (isIgnored ? .skip(.ignored) : .keep))
    }

    @Test func `a rule file below goes before one above, and ends with its directory`() throws {
        let rules = ["": "*.log", "a": "!keep.log\n/only", "a/b": "keep.log"]
        #expect(try decision("x.log", .standard, rules: rules) == .skip(.ignored))
        #expect(try decision("a/keep.log", .standard, rules: rules) == .keep)
        #expect(try decision("a/b/keep.log", .standard, rules: rules) == .skip(.ignored))
        #expect(try decision("a/only", .standard, rules: rules) == .skip(.ignored))
        #expect(try decision("a/c/only", .standard, rules: rules) == .keep)
        var selection = Selection.standard
        selection.enter(name: nil, rules: nil)
        selection.enter(name: Array("a".utf8), rules: try IgnoreRules(parsing: Array("f".utf8)))
        #expect(!selection.isTrivial)
        selection.leave()
        #expect(selection.isTrivial)
        #expect(selection.decision(name: Array("f".utf8), isDirectory: false) == .keep)
    }

    @Test func `hidden entries are skipped unless wanted, whatever is included`() throws {
        let plain = try Selection(including: [".a", "*"])
        #expect(try decision(".a", plain) == .skip(.hidden))
        #expect(try decision("b/.git/", plain) == .skip(.hidden))
        #expect(try decision(".a", Selection(includesHidden: true)) == .keep)
        #expect(try decision(".a", .standard, rules: ["": "!.a"]) == .skip(.hidden))
    }

    @Test func `include takes back what exclude or an ignore file names`() throws {
        let selection = try Selection(excluding: ["*.tmp", "build"], including: ["keep.tmp"])
        #expect(try decision("a.tmp", selection) == .skip(.excluded))
        #expect(try decision("x/keep.tmp", selection) == .keep)
        #expect(try decision("other", selection) == .keep)
        #expect(try decision("other/", selection) == .keep)
        #expect(try decision("keep.tmp", selection, rules: ["": "keep.*"]) == .keep)
        // What lies in an excluded directory is never looked at.
        #expect(try decision("build/keep.tmp", selection) == .skip(.excluded))
    }

    @Test func `include alone takes what it names and nothing else`() throws {
        let selection = try Selection(including: ["*.jpg", "/photos/"])
        #expect(try decision("a.jpg", selection) == .keep)
        #expect(try decision("a.txt", selection) == .skip(.notIncluded))
        #expect(try decision("sub/", selection) == .search)
        #expect(try decision("sub/b.jpg", selection) == .keep)
        #expect(try decision("sub/b.txt", selection) == .skip(.notIncluded))
        #expect(try decision("photos/", selection) == .keep)
        #expect(try decision("photos/deep/note.txt", selection) == .keep)
        #expect(try decision("photos/deep/", selection) == .keep)
        #expect(
            try decision("photos/n.txt", selection, rules: ["photos": "*.txt"])
                == .skip(.ignored))
    }

    @Test func `patterns of the command line are relative to the source`() throws {
        let selection = try Selection(excluding: ["/top", "#a", "b ", "d/"])
        #expect(try decision("top", selection) == .skip(.excluded))
        #expect(try decision("x/top", selection) == .keep)
        #expect(try decision("#a", selection) == .skip(.excluded))
        #expect(try decision("b ", selection) == .skip(.excluded))
        #expect(try decision("b", selection) == .keep)
        #expect(try decision("x/d/", selection) == .skip(.excluded))
        #expect(try decision("x/d", selection) == .keep)
    }

    @Test func `patterns that mean nothing or too much are refused`() throws {
        #expect(throws: IgnoreRulesError.emptyArgument) { try Selection(excluding: [""]) }
        #expect(throws: IgnoreRulesError.negatedArgument("!a")) {
            try Selection(including: ["!a"])
        }
        let long = String(repeating: "a", count: 4097)
        #expect(throws: IgnoreRulesError.patternTooLong(line: nil, byteCount: 4097)) {
            try Selection(excluding: [long])
        }
        #expect(throws: IgnoreRulesError.patternTooLong(line: 3, byteCount: 4097)) {
            try IgnoreRules(parsing: Array("x\n\n\(long)\n".utf8))
        }
        #expect(throws: IgnoreRulesError.tooLarge(byteCount: 1_048_577)) {
            try IgnoreRules(parsing: [UInt8](repeating: 10, count: 1_048_577))
        }
        #expect(throws: IgnoreRulesError.tooManyPatterns) {
            try IgnoreRules(parsing: Array(String(repeating: "a\n", count: 10_001).utf8))
        }
    }

    @Test func `names that are no text are matched byte by byte`() throws {
        var selection = Selection.standard
        selection.enter(name: nil, rules: try IgnoreRules(parsing: [0xff, 42]))
        #expect(selection.decision(name: [0xff, 0xfe], isDirectory: false) == .skip(.ignored))
        #expect(selection.decision(name: [0xfe, 0xff], isDirectory: false) == .keep)
    }

    @Test(arguments: [
        String(repeating: "*a", count: 60) + "*b", String(repeating: "**/a*", count: 40) + "b",
        String(repeating: "?*", count: 1000), String(repeating: "**/", count: 1000) + "b",
        "/x" + String(repeating: "/**/*a", count: 60) + "/b",
    ])
    func `a hostile pattern is no slower than its length times the path's`(
        _ pattern: String
    ) throws {
        let rule = IgnorePattern(Array(pattern.utf8)[...])
        let name = String(repeating: "a", count: 250)
        let path = Array("x/\(name)/\(name)/\(name)/\(name)".utf8)
        let duration = ContinuousClock().measure {
            _ = rule.matches(path.span, nameOffset: path.count - 250, isDirectory: false)
        }
        #expect(duration < .seconds(5), "exponential in a debug build would be years")
    }

    @Test func `ignore files are read on entering a directory`() throws {
        let root = FileManager.default.temporaryDirectory
            .appending(path: "selection-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }  // left to the system's own care
        for name in ["plain", "ruled", "odd/.cairnignore"] {
            try FileManager.default.createDirectory(
                at: root.appending(path: name), withIntermediateDirectories: true)
        }
        try Data("x\n".utf8).write(to: root.appending(path: "ruled/.cairnignore"))
        let directory = try Directory(root.path)
        var selection = Selection.standard
        try selection.enter(directory, name: nil)
        for (name, isTrivial) in [("plain", true), ("ruled", false), ("odd", true)] {
            let bytes = Array(name.utf8)
            try selection.enter(directory.openDirectory(bytes), name: bytes)
            #expect(selection.isTrivial == isTrivial, "\(name)")
            let expected: Selection.Decision = isTrivial ? .keep : .skip(.ignored)
            #expect(
                selection.decision(name: Array("x".utf8), isDirectory: false) == expected)
            selection.leave()
        }
        let large = [UInt8](repeating: 35, count: IgnoreRules.byteCountLimit + 1)
        try Data(large).write(to: root.appending(path: ".cairnignore"))
        #expect(throws: IngestError.self) { try selection.enter(directory, name: nil) }
    }
}
