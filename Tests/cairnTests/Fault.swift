// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// What is done to calls of a program; the words are those of `Fixtures/faults/README.md`.
struct Fault: CustomStringConvertible {
    enum Effect: CustomStringConvertible {
        case count, kill, tear
        case error(Int32)

        var description: String {
            switch self {
            case .count: "count"
            case .kill: "kill"
            case .tear: "torn write"
            case .error(ENOSPC): "ENOSPC"
            case .error(EIO): "EIO"
            case .error(let number): "error \(number)"
            }
        }

        var number: Int32 {
            switch self {
            case .count: 0
            case .kill: -1
            case .tear: -2
            case .error(let number): number
            }
        }
    }

    /// All calls that change the disk.
    static let all = "write,pwr,sync,truncate,rename,unlink,mkdir,create"

    /// The calls that count.
    let calls: String
    let effect: Effect
    /// The calls that are struck, counted from 1.
    let range: ClosedRange<Int>

    var description: String { "\(effect) at \(range) of \(calls)" }

    /// Variables that put the fault into a program.
    func environment() async throws -> [String: String] {
        guard let library = try await Self.library.path() else { return [:] }
        return [
            "LD_PRELOAD": library,
            "CAIRN_FAULT": "\(calls) \(effect.number) \(range.lowerBound) \(range.upperBound)",
        ]
    }

    /// Variables that set the clock of a program ahead, or back if `days` is negative.
    static func clock(daysAhead days: Int) async throws -> [String: String] {
        guard let library = try await library.path() else { return [:] }
        return ["LD_PRELOAD": library, "CAIRN_CLOCK_AHEAD": "\(days * 86_400)"]
    }

    /// The library that puts faults in, compiled on first use.
    static let library = FaultLibrary()
}

/// Compiles `Fixtures/faults` once.
actor FaultLibrary {
    private let directory = try? TemporaryDirectory()  // without one, faults are not possible
    private var compiling: Task<String?, any Error>?

    /// Where the library is; nil if it cannot be made here.
    func path() async throws -> String? {
        if let compiling { return try await compiling.value }
        // Unstructured: shared by all who wait for it; ends with the compiler.
        let task = Task { try await Self.compile(in: directory) }
        compiling = task
        return try await task.value
    }

    private static func compile(in directory: TemporaryDirectory?) async throws -> String? {
        #if os(Linux)
            guard let directory,
                let clang = try? Command.named("clang")  // without it, faults are not possible
            else { return nil }
            let source = Command.packageRoot.appending(path: "Fixtures/faults/faults.c").path
            let library = directory.url.appending(path: "faults.so").path
            let outcome = try await clang.run(
                ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
            guard outcome.status == 0 else {
                print("faults: \(outcome.errors)")
                return nil
            }
            return library
        #else
            return nil
        #endif
    }
}
