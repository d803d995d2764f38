// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What users are told: help, versions, mistakes, exit codes.
struct UsageTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test func `help and version go to standard output`() async throws {
        let help = try await bench.run("--help")
        #expect(help.text.contains("ingest") && help.text.contains("Exit codes"))
        #expect(help.errors.isEmpty)
        let version = try await bench.run("--version")
        #expect(version.lines.count == 1)
        #expect(version.text.first?.isNumber == true)
    }

    @Test(arguments: [
        "ingest", "import", "ls", "cat", "get", "stat", "dag get", "block get", "export",
        "snapshots", "status", "verify", "reindex",
    ])
    func `every command explains itself`(_ command: String) async throws {
        let words = command.split(separator: " ").map(String.init)
        let outcome = try await bench.cairn.run(words + ["--help"])
        #expect(outcome.status == 0)
        #expect(outcome.text.contains("USAGE: cairn \(command)"))
        #expect(outcome.text.contains("--repo"))
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completions can be had`(_ shell: String) async throws {
        let outcome = try await bench.run("--generate-completion-script", shell)
        #expect(outcome.text.contains("cairn") && outcome.text.contains("ingest"))
    }

    @Test(arguments: [
        (["ingest"], "path"), (["ingest", "--frobnicate", "x"], "--frobnicate"),
        (["ingest", "--chunker", "size-0", "x"], "size-0"),
        (["ingest", "--chunker", "size-9999999", "x"], "size-9999999"),
        (["ingest", "--layout", "round", "x"], "--layout"),
        (["ingest", "--profile", "unixfs-v9", "x"], "unixfs-v9"),
        (["ingest", "--hash", "md5", "x"], "md5"),
        (["ingest", "--mode", "9", "x"], "--mode"),
        (["ingest", "--mtime", "late", "x"], "--mtime"),
        (["ingest", "--width", "hash=0", "x"], "--width"),
        (["ingest", "--width", "paint=2", "x"], "--width"),
        (["ingest", "--memory", "1MiB", "x"], "--memory"),
        (["ingest", "--compression", "zstd:99", "x"], "--compression"),
        (["ingest", "--exclude", "", "x"], "--exclude"),
        (["ingest", "--only-hash", "--dry-run", "x"], "--dry-run"),
        (["ingest", "--quiet", "--json", "x"], "--json"), (["ingest", "-", "-"], "standard input"),
        (["export", "--car-version", "3", "x"], "--car-version"),
        (["export", "--car-version", "2", "x"], "-o"),
        (["export", "--scope", "some", "x"], "--scope"),
        (["dag", "get", "--output-codec", "xml", "x"], "--output-codec"),
        (["verify", "--sample", "0%"], "--sample"), (["verify", "--since", "soon"], "--since"),
        (["nonsense"], "nonsense"), (["cat", "--offset", "-1", "x"], "--offset"),
    ])
    func `a mistake in the arguments exits with 2 and names it`(
        _ arguments: [String], _ named: String
    ) async throws {
        _ = try await bench.cairn.run(["ingest", "--quiet", "-"])  // a repository is there
        let outcome = try await bench.cairn.run(arguments)
        #expect(outcome.status == 2, "\(outcome.errors)")
        #expect(outcome.errors.contains(named), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    @Test(arguments: [
        ["ls", "bafkqaaa"], ["status"], ["verify"], ["snapshots"], ["reindex"],
    ])
    func `a repository that is missing is named, with the remedy`(
        _ arguments: [String]
    ) async throws {
        let outcome = try await bench.cairn.run(arguments)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(bench.repository.path))
        #expect(outcome.errors.contains("--repo"))
    }

    @Test func `a directory that holds something else is no repository`() async throws {
        try bench.write(InputTree(.directory([("thesis.txt", .text("mine"))])), as: "repository")
        let outcome = try await bench.run("ingest", "-", exits: 1)
        #expect(outcome.errors.contains("thesis.txt"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: bench.repository.path).count == 1)
    }

    @Test func `a CID that is none, or that is not stored, is named`() async throws {
        try await bench.run("ingest", "-", input: Data("x".utf8))
        let none = try await bench.run("cat", "bafynonsense", exits: 1)
        #expect(none.errors.contains("bafynonsense"))
        let absent = "bafkreigaknpexyvxt76zgkitavbwx6ejgfheup5oybpm77f3pxzrvwpfdi"
        let unknown = try await bench.run("cat", absent, exits: 1)
        #expect(unknown.errors.contains(absent))
    }

    @Test func `a path that is missing fails, one that cannot be read is skipped with 3`()
        async throws
    {
        let missing = try await bench.run("ingest", bench.path("nowhere"), exits: 1)
        #expect(missing.errors.contains("nowhere"))
        try bench.write(
            InputTree(
                .directory([
                    ("file", .text("f")), ("dangling", InputTree(.symlink(target: "no/where"))),
                ])))
        let outcome = try await bench.run(
            "ingest", "--dereference", bench.path("source"), exits: 3)
        #expect(outcome.errors.contains("dangling"))
        #expect(outcome.lines.count == 1)
    }
}
