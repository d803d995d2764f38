// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Ingest

/// Holds the ignore rules against `git check-ignore`.
struct SelectionGitTests {
    @Test(.enabled(if: GitOracle.isInstalled, "git is not installed"))
    func `random rules ignore what git ignores`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SelectionRandom(state: seed)
        let oracle = try GitOracle()
        defer { oracle.remove() }
        let paths = try oracle.makeTree(&random, count: 90)
        var pairCount = 0
        var ignoredCount = 0
        for round in 0..<60 {
            var rules: [String: String] = ["": random.rules(1...6)]
            for directory in paths.filter(\.isDirectory).prefix(3) where random.below(2) == 0 {
                rules[directory.path] = random.rules(1...3)
            }
            let expected = try oracle.ignored(of: paths, under: rules)
            for path in paths {
                let found = try isIgnored(path, under: rules)
                #expect(
                    found == expected.contains(path.path),
                    "seed \(seed), round \(round): \(path) under \(rules)")
                pairCount += 1
                ignoredCount += found ? 1 : 0
            }
        }
        #expect(pairCount >= 2000)
        // Neither answer may crowd out the other.
        #expect((pairCount / 20...pairCount * 19 / 20).contains(ignoredCount))
    }

    /// Cases that random rules hit too rarely, each a rule file and the paths to ask for.
    @Test(
        .enabled(if: GitOracle.isInstalled, "git is not installed"),
        arguments: [
            "a/**", "**/a", "**/", "a/**/b", "a**b", "x/a**/b", "**/**/a", "a/**/**/b", "/**/a",
            "***", "a/***/b", "**a", "/*", "/*/", "*/a", "a/*", "/", "//", "!", "\\", "a\\",
            "a\\/", "[", "[a", "[]a]", "[!]a]", "[^a]", "[a-]", "[-a]", "[a-c]", "[c-a]",
            "[[:alpha:]]", "[[:nope:]]", "[[:alpha:]", "[[:]", "[[::]]", "[\\]]", "[a\\-c]",
            "[[a]", "[/]a", "a[/]b", "a[!x]b", "?", "a?b", "\\#x", "#x", "\\!x", "!x", "a ",
            "a\\ ", "a b", "a\t", "x\r", "\u{feff}a", "a/b/", "a/b", "/a/b", "b/", "*.c", "*.c/",
            "a//b", "a/**\n!a/b", "*\n!a", "*\n!*/\n!b", "a\n!a/b", "**\\/b", "[[:space:]]*",
            "[[:punct:]]*", "*\\", "**/b/**", "a/*/b/**",
        ])
    func `a rule ignores what git ignores`(_ rule: String) throws {
        var random = SelectionRandom(state: 1)
        let oracle = try GitOracle()
        defer { oracle.remove() }
        let paths = try oracle.makeTree(&random, count: 60)
        let rules = ["": rule + "\n"]
        let expected = try oracle.ignored(of: paths, under: rules)
        for path in paths {
            #expect(try isIgnored(path, under: rules) == expected.contains(path.path), "\(path)")
        }
    }

    /// Walks to `path` as the scanner does; nothing below a skipped directory is seen.
    private func isIgnored(
        _ path: GitOracle.Path, under rules: [String: String]
    ) throws -> Bool {
        var selection = try Selection(includesHidden: true)
        func parsed(_ directory: String) throws -> IgnoreRules? {
            try rules[directory].map { try IgnoreRules(parsing: Array($0.utf8)) }
        }
        selection.enter(name: nil, rules: try parsed(""))
        let names = path.path.split(separator: "/").map { Array($0.utf8) }
        var above = ""
        for (index, name) in names.enumerated() {
            let isLast = index == names.count - 1
            let isDirectory = isLast ? path.isDirectory : true
            if selection.decision(name: name, isDirectory: isDirectory) != .keep { return true }
            above += (above.isEmpty ? "" : "/") + String(decoding: name, as: UTF8.self)
            if !isLast { selection.enter(name: name, rules: try parsed(above)) }
        }
        return false
    }
}

/// A repository of git that is asked which paths are ignored.
struct GitOracle {
    struct Path: Sendable, CustomStringConvertible {
        let path: String
        let isDirectory: Bool
        var description: String { path + (isDirectory ? "/" : "") }
    }

    static let isInstalled: Bool = {
        // No git is an answer, not a failure.
        (try? run(["--version"], in: FileManager.default.temporaryDirectory, input: Data())) != nil
    }()

    let root: URL

    init() throws {
        root = FileManager.default.temporaryDirectory
            .appending(path: "selection-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        _ = try Self.run(["init", "-q"], in: root, input: Data())
    }

    func remove() {
        // What is left over lies in the temporary directory.
        try? FileManager.default.removeItem(at: root)
    }

    /// Makes files and directories with names that are special in patterns.
    func makeTree(_ random: inout SelectionRandom, count: Int) throws -> [Path] {
        let names = [
            "a", "b", "c", "ab", "abc", "x", "a.c", "b.c", "a b", "a ", "#x", "!x", "[a]", "a*b",
            "-", "]", "A", "a-b", "\\", "x\r", "é", "foo", "axb", "a[b",
        ]
        var paths: [String: Bool] = [:]
        for _ in 0..<count {
            var path = ""
            for _ in 0...random.below(4) {
                if !path.isEmpty { paths[path] = true }
                path += (path.isEmpty ? "" : "/") + names[random.below(names.count)]
                if paths[path] == false { break }
            }
            if paths[path] == nil { paths[path] = random.below(4) == 0 }
        }
        for (path, isDirectory) in paths.sorted(by: { $0.key < $1.key }) {
            let url = root.appending(path: path)
            if isDirectory {
                try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            } else {
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data().write(to: url)
            }
        }
        return paths.map { Path(path: $0.key, isDirectory: $0.value) }.sorted { $0.path < $1.path }
    }

    /// The paths that git ignores under these rules, by directory.
    func ignored(of paths: [Path], under rules: [String: String]) throws -> Set<String> {
        func file(_ directory: String) -> URL {
            let url = directory.isEmpty ? root : root.appending(path: directory)
            return url.appending(path: ".gitignore")
        }
        for (directory, text) in rules { try Data(text.utf8).write(to: file(directory)) }
        let input = Data(paths.flatMap { Array($0.path.utf8) + [0] })
        let output = try Self.run(
            ["check-ignore", "--no-index", "-z", "--stdin"], in: root, input: input)
        for directory in rules.keys { try FileManager.default.removeItem(at: file(directory)) }
        return Set(output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
    }

    private static func run(_ arguments: [String], in directory: URL, input: Data) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key == "PATH" }
            .merging(
                [
                    "HOME": directory.path, "GIT_CONFIG_NOSYSTEM": "1",
                    "GIT_CONFIG_GLOBAL": "/dev/null",
                ], uniquingKeysWith: { $1 })
        let stdin = Pipe()
        let stdout = Pipe()
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = FileHandle.nullDevice
        try process.run()
        // The input is smaller than a pipe's buffer, so this cannot wait on the output.
        try stdin.fileHandleForWriting.write(contentsOf: input)
        try stdin.fileHandleForWriting.close()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        // 1 means that nothing is ignored.
        guard process.terminationStatus <= 1 else { throw CocoaError(.executableLoad) }
        return output
    }
}

/// SplitMix64, so that a printed seed repeats a run.
struct SelectionRandom {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// Lines of an ignore file.
    mutating func rules(_ counts: ClosedRange<Int>) -> String {
        let count = counts.lowerBound + below(counts.count)
        return (0..<count).map { _ in rule() }.joined(separator: "\n") + "\n"
    }

    private mutating func rule() -> String {
        let atoms = [
            "a", "b", "c", "x", "ab", "foo", "*", "*", "**", "?", "*.c", "[ab]", "[!a]", "[a-c]*",
            "a*", "*b", "?b*", "a?", "[[:lower:]]", "\\a", "\\[a\\]", "a\\*b", "*x*", "[^b]?", " ",
            "a ", "#x", "[a", "é", "a**",
        ]
        var rule = ["", "", "", "!", "/", "!/", "\\"][below(7)]
        for index in 0...below(4) {
            if index > 0 { rule += below(5) == 0 ? "" : "/" }
            rule += atoms[below(atoms.count)]
        }
        return rule + ["", "", "", "/", " ", "/ "][below(6)]
    }
}
