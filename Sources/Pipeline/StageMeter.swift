// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts what the workers of one stage do.
///
/// Updated once per batch, not per item.
public final class StageMeter: Sendable {
    /// The stage's name.
    public let name: String
    /// How many workers the stage has.
    public let width: Int

    private let items = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    private let busy = Atomic<Int>(0)
    private let inputWait = Atomic<Int>(0)
    private let outputWait = Atomic<Int>(0)
    /// When the work of ``workingAlone(_:)`` that is going on began, in nanoseconds since
    /// ``origin``, and what had been waited until then; 0 while there is none.
    private let aloneSince = Atomic<Int>(0)
    private let aloneWaited = Atomic<Int>(0)
    private let origin = ContinuousClock.now

    /// A meter for the stage `name` with `width` workers, everything at zero.
    public init(name: String, width: Int) {
        self.name = name
        self.width = width
    }

    /// Counts `items` items of together `bytes` bytes as done.
    public func count(items: Int, bytes: Int) {
        self.items.wrappingAdd(items, ordering: .relaxed)
        self.bytes.wrappingAdd(bytes, ordering: .relaxed)
    }

    /// Runs `body` and counts its time as work.
    public func working<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer { busy.wrappingAdd(start.nanosecondsSince, ordering: .relaxed) }
        return try body()
    }

    /// Runs `body` and counts its time as work, less what it spends waiting for room.
    ///
    /// For stages of one worker: the waiting of others would be taken off, too.
    public func workingAlone<Result>(
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        let start = ContinuousClock.now
        let waited = outputWait.load(ordering: .relaxed)
        aloneWaited.store(waited, ordering: .relaxed)
        aloneSince.store(max(1, origin.nanosecondsSince), ordering: .relaxed)
        defer {
            aloneSince.store(0, ordering: .relaxed)
            let waiting = outputWait.load(ordering: .relaxed) - waited
            busy.wrappingAdd(start.nanosecondsSince - waiting, ordering: .relaxed)
        }
        return try await body()
    }

    /// Receives from `channel` and counts the time as waiting for input.
    public func receive<Element>(
        from channel: BoundedChannel<Element>
    ) async throws -> Element? {
        let start = ContinuousClock.now
        defer { inputWait.wrappingAdd(start.nanosecondsSince, ordering: .relaxed) }
        return try await channel.receive()
    }

    /// Sends to `channel` and counts the time as waiting for room.
    public func send<Element>(
        _ element: Element, weight: Int, to channel: BoundedChannel<Element>
    ) async throws {
        let start = ContinuousClock.now
        defer { outputWait.wrappingAdd(start.nanosecondsSince, ordering: .relaxed) }
        try await channel.send(element, weight: weight)
    }

    /// Takes from a budget and counts the time as waiting for room.
    public func acquire(_ weight: Int, from budget: WeightedSemaphore) async throws {
        let start = ContinuousClock.now
        defer { outputWait.wrappingAdd(start.nanosecondsSince, ordering: .relaxed) }
        try await budget.acquire(weight)
    }

    /// The counts so far.
    public var snapshot: StageReport {
        StageReport(
            name: name, width: width, items: items.load(ordering: .relaxed),
            bytes: bytes.load(ordering: .relaxed),
            busy: .nanoseconds(busy.load(ordering: .relaxed) + unfinished),
            inputWait: .nanoseconds(inputWait.load(ordering: .relaxed)),
            outputWait: .nanoseconds(outputWait.load(ordering: .relaxed)))
    }

    /// The part of an unfinished ``workingAlone(_:)`` that is over: a stage may spend its life in
    /// one.
    private var unfinished: Int {
        let since = aloneSince.load(ordering: .relaxed)
        guard since > 0 else { return 0 }
        let waiting =
            outputWait.load(ordering: .relaxed) - aloneWaited.load(ordering: .relaxed)
        return max(0, origin.nanosecondsSince - since - waiting)
    }
}

extension ContinuousClock.Instant {
    /// Nanoseconds from this instant until now.
    fileprivate var nanosecondsSince: Int {
        let elapsed = duration(to: .now).components
        return Int(elapsed.seconds) * 1_000_000_000 + Int(elapsed.attoseconds / 1_000_000_000)
    }
}
