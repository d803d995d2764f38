// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import S3

/// Moves to a bucket and back whose server fails at each of their requests in turn: at every moment
/// there is one complete copy, the next move completes, and nothing is left in the bucket.
@Suite(.serialized) struct TierMoveFaultTests {
    /// Trials that go at a time: most of their time is waiting.
    private static let width = 4

    private static let small = 600_000
    private static let inParts = 6_000_000

    @Test(arguments: [MoveTrial.Work.move, .recall])
    func `whatever a request meets, a move loses nothing and can be done again`(
        _ work: MoveTrial.Work
    ) async throws {
        let trial = try await MoveTrial(work, byteCount: Self.small)
        let requests = try await trial.requests()
        var plans: [MoveTrial.Plan] = []
        for (index, request) in requests.enumerated() {
            // What is told by its status alone is tried in turn.
            let answered: ServerFault = index % 2 == 0 ? .internalError : .slowDown
            for fault in ServerFault.allCases
            where fault.strikes(request) && (!Self.statuses.contains(fault) || fault == answered) {
                plans.append(plan(fault, index, request))
            }
            plans.append(plan(index % 2 == 0 ? .internalError : .cut, index, request, lasts: true))
            if request.method == "GET" {
                plans.append(plan(.alteredBody, index, request, lasts: true))
            }
        }
        try await run(trial, plans)
    }

    @Test func `whatever an upload in parts meets, a move loses nothing and leaves no upload`()
        async throws
    {
        let trial = try await MoveTrial(.move, byteCount: Self.inParts)
        let requests = try await trial.requests()
        var plans: [MoveTrial.Plan] = []
        for (index, request) in requests.enumerated()
        where request.query["uploadId"] != nil || request.method == "POST" {
            for fault in ServerFault.allCases
            where fault.strikes(request) && !Self.statuses.contains(fault) {
                plans.append(plan(fault, index, request))
            }
            plans.append(plan(.slowDown, index, request, lasts: true))
            plans.append(plan(.denied, index, request, lasts: true))
        }
        #expect(requests.contains { $0.query["partNumber"] == "2" })
        try await run(trial, plans)
    }

    private static let statuses: Set<ServerFault> = [.internalError, .slowDown]

    private func plan(
        _ fault: ServerFault, _ index: Int, _ request: ReceivedRequest, lasts: Bool = false
    ) -> MoveTrial.Plan {
        MoveTrial.Plan(
            fault: fault, number: index + 1, lasts: lasts,
            request: "\(request.method) \(request.uri)")
    }

    /// Runs each trial, or one in four unless `CAIRN_FULL` is set; those with a fault that passes must
    /// do the work at once.
    private func run(_ trial: MoveTrial, _ all: [MoveTrial.Plan]) async throws {
        let share = ProcessInfo.processInfo.environment["CAIRN_FULL"] == nil ? 4 : 1
        let offset = Int(SeededGenerator.runSeed % UInt64(share))
        let plans = all.enumerated().filter { $0.offset % share == offset }.map(\.element)
        var refusalCount = 0
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for (index, plan) in plans.enumerated() {
                if index >= Self.width, try await group.next() == false { refusalCount += 1 }
                group.addTask {
                    let isDone = try await trial.run(plan)
                    if !plan.lasts, ServerFault.passing.contains(plan.fault) {
                        #expect(isDone, "\(plan)")
                    }
                    return isDone
                }
            }
            while let isDone = try await group.next() { refusalCount += isDone ? 0 : 1 }
        }
        let kinds = Dictionary(grouping: plans) { "\($0.fault)\($0.lasts ? "…" : "")" }
            .mapValues(\.count).sorted { $0.key < $1.key }
        print(
            "s3 \(trial.work) faults: \(plans.count) injected,",
            "\(refusalCount) told:",
            kinds.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    }
}
