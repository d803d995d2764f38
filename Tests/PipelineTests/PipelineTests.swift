// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import Pipeline

struct PipelineTests {
    private struct Failure: Error {}

    @Test func `work that goes on counts up to now, and once when it has ended`() async {
        let meter = StageMeter(name: "work", width: 1)
        let before = ContinuousClock.now
        let (least, seen) = await meter.workingAlone {
            let begun = ContinuousClock.now
            return (begun.duration(to: .now), meter.snapshot.busy)
        }
        #expect(seen > .zero && seen >= least)
        #expect(meter.snapshot.busy >= seen)
        #expect(meter.snapshot.busy <= before.duration(to: .now))
    }

    @Test func `stages pass elements on and count them`() async throws {
        let pipeline = Pipeline()
        let numbers = BoundedChannel<Int>(capacity: 4)
        let sum = Mutex(0)
        pipeline.addStage("count", width: 1) { meter in
            for number in 1...100 { try await meter.send(number, weight: 1, to: numbers) }
            meter.count(items: 100, bytes: 800)
        } afterwards: {
            numbers.finish()
        }
        pipeline.addStage("add", width: 3) { meter in
            while let number = try await meter.receive(from: numbers) {
                meter.working { sum.withLock { $0 += number } }
                meter.count(items: 1, bytes: 8)
            }
        }
        try await pipeline.run()
        #expect(sum.withLock { $0 } == 5050)
        #expect(pipeline.report.stages.map(\.items) == [100, 100])
        #expect(pipeline.report.stages.map(\.bytes) == [800, 800])
        #expect(pipeline.report.stages.map(\.name) == ["count", "add"])
    }

    @Test func `a failing stage ends the others and its error comes out`() async throws {
        let pipeline = Pipeline()
        let numbers = BoundedChannel<Int>(capacity: 1)
        pipeline.addStage("endless", width: 2) { meter in
            while true { try await meter.send(1, weight: 1, to: numbers) }
        }
        pipeline.addStage("failing", width: 1) { meter in
            _ = try await meter.receive(from: numbers)
            throw Failure()
        }
        await #expect(throws: Failure.self) { try await pipeline.run() }
    }

    @Test func `cancelling the run ends stages that wait`() async throws {
        let pipeline = Pipeline()
        let never = BoundedChannel<Int>(capacity: 1)
        pipeline.addStage("waiting", width: 2) { meter in
            _ = try await meter.receive(from: never)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await pipeline.run() }
            }
            for _ in 0..<100 { await Task.yield() }
            group.cancelAll()
        }
    }

    @Test func `the busiest stage is the bottleneck`() {
        func stage(_ name: String, width: Int, busy: Duration) -> StageReport {
            StageReport(
                name: name, width: width, items: 1, bytes: 1, busy: busy, inputWait: .zero,
                outputWait: .zero)
        }
        let report = PipelineReport(
            stages: [
                stage("read", width: 1, busy: .seconds(3)),
                stage("hash", width: 4, busy: .seconds(8)),
                stage("store", width: 1, busy: .seconds(9)),
            ], elapsed: .seconds(10))
        #expect(report.bottleneck?.name == "store")
        #expect(report.stages[1].utilisation(over: report.elapsed) == 0.2)
    }
}

struct SequencerTests {
    /// Every order in which three items, one of them in two parts, can arrive.
    static let arrivals = permutations([0, 1, 2, 3])

    @Test(arguments: arrivals)
    func `parts come out in order however they arrive`(_ arrival: [Int]) async {
        let positions: [Sequencer<Int>.Position] = [
            .init(number: 0, part: 0, isLast: true), .init(number: 1, part: 0, isLast: false),
            .init(number: 1, part: 1, isLast: true), .init(number: 2, part: 0, isLast: true),
        ]
        var sequencer = Sequencer<Int>()
        var order: [Int] = []
        for index in arrival {
            await sequencer.accept(index, at: positions[index]) { item, isLast in
                order.append(item)
                #expect(isLast == positions[item].isLast)
            }
        }
        #expect(order == [0, 1, 2, 3])
        #expect(sequencer.heldCount == 0)
    }

    private static func permutations(_ items: [Int]) -> [[Int]] {
        guard items.count > 1 else { return [items] }
        return items.flatMap { first in
            permutations(items.filter { $0 != first }).map { [first] + $0 }
        }
    }
}

struct WeightedSemaphoreTests {
    @Test func `waiting requests are granted in order of arrival`() async throws {
        let budget = WeightedSemaphore(capacity: 10)
        try await budget.acquire(10)
        let order = Recorder<Int>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    try await budget.acquire(10)
                    order.append(number)
                    budget.release(10)
                }
                while budget.waitingCount <= number { await Task.yield() }
            }
            budget.release(10)
            try await group.waitForAll()
        }
        #expect(order.elements == [0, 1, 2, 3, 4])
        #expect(budget.used == 0)
    }

    @Test func `a cancelled request takes nothing and lets those behind it pass`() async throws {
        let budget = WeightedSemaphore(capacity: 10)
        try await budget.acquire(6)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let large = group.addCancellableTask { try await budget.acquire(10) }
            for _ in 0..<200 { await Task.yield() }
            group.addTask { try await budget.acquire(4) }
            for _ in 0..<200 { await Task.yield() }
            #expect(budget.used == 6)
            large.cancel()
            while budget.used != 10 { await Task.yield() }
            try await group.waitForAll()
        }
    }
}

extension ThrowingTaskGroup<Void, any Error> {
    /// Adds a task that can be cancelled alone and whose cancellation is no failure.
    fileprivate mutating func addCancellableTask(
        _ body: @escaping @Sendable () async throws -> Void
    ) -> Task<Void, any Error> {
        // Unstructured: awaited by the group's task below, cancelled by the test.
        let task = Task { try await body() }
        addTask { _ = await task.result }
        return task
    }
}
