// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// A command that is run again and again from the same beginning, each time with a fault.
protocol FaultTrial {
    /// The command, and what it begins with.
    var subject: FaultSubject { get }

    /// Expects that a run without a fault has done its work.
    func expectDone(_ outcome: Command.Outcome) async throws

    /// Expects that the fault has cost nothing, and that the same command now ends as it should.
    func expectWhole(after fault: Fault, _ outcome: Command.Outcome) async throws
}

extension FaultTrial {
    func expectDone(_ outcome: Command.Outcome) {}

    /// Puts a fault into one after the other of the calls that the command makes.
    ///
    /// - Parameters:
    ///   - lasts: whether all later calls fail as well.
    ///   - part: which of `parts` shares of the calls, so that parts can run beside each other.
    ///   - spacing: one in so many calls is struck, and one in eight of these unless `CAIRN_FULL` is set;
    ///     the seed says which.
    func strike(
        _ calls: String, _ effect: Fault.Effect, lasts: Bool = true, part: Int = 0,
        of parts: Range<Int> = 0..<1, spacing: Int = 1
    ) async throws {
        let (count, outcome) = try await subject.countCalls(calls)
        try await expectDone(outcome)
        try #require(count > 5)
        let share = ProcessInfo.processInfo.environment["CAIRN_FULL"] == nil ? 8 : 1
        let spacing = min(spacing * share, max(count / parts.count / 2, 1))
        let offset = Int(SeededGenerator.runSeed % UInt64(spacing))
        let numbers = (1...count).filter {
            $0 % parts.count == part && $0 / parts.count % spacing == offset
        }
        var struckCount = 0
        for number in numbers {
            let fault = Fault(
                calls: calls, effect: effect, range: number...(lasts ? 1_000_000 : number))
            let (made, outcome) = try await subject.run(with: fault)
            // Runs differ by a call or two, so that there may be no last one to strike.
            if made >= number {
                struckCount += 1
                expectTold(outcome, fault)
            } else {
                #expect(outcome.status == 0, "\(made) calls, \(fault): \(outcome.errors)")
            }
            try await expectWhole(after: fault, outcome)
        }
        #expect(struckCount + 2 >= numbers.count, "\(numbers.count) of \(calls)")
        print(
            """
            faults: \(effect) at \(struckCount) of \(count) calls of \(calls) in \
            \(subject.arguments.joined(separator: " ")); in all \(Self.total(struckCount, effect))
            """)
    }

    /// Expects the end that a kill makes; or failure that is told, or success that holds, where
    /// the call was one that may fail: the removal of a log, say, or a checkpoint.
    private func expectTold(_ outcome: Command.Outcome, _ fault: Fault) {
        switch (fault.effect, outcome.status) {
        case (.error, 0), (.count, 0): break
        case (.error, 1):
            // Standard error is a file here, and fails like any other.
            let isSilent = fault.calls.contains("write")
            #expect(isSilent || outcome.errors.contains("cairn: "), "\(fault): \(outcome.errors)")
        case (.kill, 128 + SIGKILL), (.tear, 128 + SIGKILL): break
        default: Issue.record("\(fault): \(outcome.status) \(outcome.errors)")
        }
    }

    /// Counts faults that struck, over all tests; returns the sums in words.
    private static func total(_ count: Int, _ effect: Fault.Effect) -> String {
        struckFaults.withLock { counts in
            counts["\(effect)", default: 0] += count
            return counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
                .joined(separator: ", ")
        }
    }
}

private let struckFaults = Mutex<[String: Int]>([:])
