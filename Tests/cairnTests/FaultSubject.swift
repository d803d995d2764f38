// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A command, and the state of a bench's folders in which it begins.
struct FaultSubject {
    let arguments: [String]
    private let bench: Bench
    private let folders: [String]

    /// Takes the folders as they are for the beginning; those that are not there are not to be.
    init(_ arguments: [String], on bench: Bench, folders: [String] = ["repository"]) throws {
        self.arguments = arguments
        self.bench = bench
        self.folders = folders
        for name in folders where FileManager.default.fileExists(atPath: bench.path(name)) {
            try FileManager.default.copyItem(
                atPath: bench.path(name), toPath: bench.path("start-\(name)"))
        }
    }

    /// Puts the folders back to the beginning.
    func reset() throws {
        let files = FileManager.default
        for name in folders {
            try? files.removeItem(atPath: bench.path(name))  // there may be none
            guard files.fileExists(atPath: bench.path("start-\(name)")) else { continue }
            try files.copyItem(atPath: bench.path("start-\(name)"), toPath: bench.path(name))
        }
    }

    /// Runs the command from the beginning without a fault, and counts `calls`.
    func countCalls(_ calls: String) async throws -> (count: Int, outcome: Command.Outcome) {
        let run = try await run(with: Fault(calls: calls, effect: .count, range: 1...1))
        #expect(run.outcome.status == 0, "\(run.outcome.errors)")
        return run
    }

    /// Runs the command from the beginning with a fault; says how many of its calls it made.
    func run(with fault: Fault) async throws -> (count: Int, outcome: Command.Outcome) {
        try reset()
        let log = bench.path("calls")
        try Data().write(to: URL(filePath: log))
        var cairn = bench.cairn
        cairn.environment.merge(try await fault.environment()) { $1 }
        cairn.environment["CAIRN_FAULT_LOG"] = log
        let outcome = try await cairn.run(arguments)
        return (try Data(contentsOf: URL(filePath: log)).count, outcome)
    }

    /// Runs the command again, on what there is, and expects that it succeeds.
    @discardableResult
    func again(after fault: Fault) async throws -> Command.Outcome {
        try await run(arguments, after: fault)
    }

    /// Runs another command on what there is, and expects that it succeeds.
    @discardableResult
    func run(_ arguments: [String], after fault: Fault) async throws -> Command.Outcome {
        let outcome = try await bench.cairn.run(arguments)
        #expect(
            outcome.status == 0,
            "\(arguments) after \(fault): \(outcome.status) \(outcome.text) \(outcome.errors)")
        return outcome
    }

    func expectVerified(after fault: Fault) async throws {
        try await run(["verify", "--quiet"], after: fault)
    }

    /// Expects that a root can be restored, and that this gives its source, if that is as it was.
    func expectReadable(_ root: String, _ source: String?, after fault: Fault) async throws {
        let back = bench.path("back")
        defer { try? FileManager.default.removeItem(atPath: back) }  // not there: told below
        try await run(["get", "--quiet", "--offline", root, "-o", back], after: fault)
        guard let source else { return }
        let isSame = FileManager.default.contentsEqual(atPath: source, andPath: back)
        #expect(isSame, "\(source) is another after \(fault)")
    }

    /// Removes the catalog, and makes a new one from the packs.
    func rebuild(after fault: Fault) async throws {
        for suffix in ["", "-wal", "-shm"] {
            let file = bench.repository.path + "/catalog.sqlite" + suffix
            try? FileManager.default.removeItem(atPath: file)  // closed, it is one file
        }
        try await run(["reindex"], after: fault)
    }
}
