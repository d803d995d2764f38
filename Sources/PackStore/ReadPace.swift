// SPDX-License-Identifier: Apache-2.0

import Dispatch
import ObjectStore
import Synchronization

/// Keeps reads of whole packs under a rate, all readers together, and ends them when their time is
/// up.
public final class ReadPace: Sendable {
    /// Waits that are shorter than this are saved up: sleeping is not more exact.
    private static let shortestWait = Duration.milliseconds(2)

    private let bytesPerSecond: Int?
    private let deadline: ContinuousClock.Instant?
    /// When what was read so far would have been read at the rate.
    private let paidUntil: Mutex<ContinuousClock.Instant>
    private let now: @Sendable () -> ContinuousClock.Instant
    private let sleep: @Sendable (Duration) -> Void

    /// A pace of `bytesPerSecond` (nil: as fast as it goes) until `deadline` (nil: for ever).
    public convenience init(
        bytesPerSecond: Int? = nil, deadline: ContinuousClock.Instant? = nil
    ) {
        self.init(
            bytesPerSecond: bytesPerSecond, deadline: deadline, now: { .now },
            sleep: { duration in
                // On a thread that may block: nobody signals, so this waits.
                let nanoseconds = Int(duration / .nanoseconds(1))
                _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .nanoseconds(nanoseconds))
            })
    }

    /// A pace by another clock.
    package init(
        bytesPerSecond: Int?, deadline: ContinuousClock.Instant?,
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) -> Void
    ) {
        precondition(bytesPerSecond ?? 1 > 0, "no pace of \(bytesPerSecond ?? 0) bytes a second")
        self.bytesPerSecond = bytesPerSecond
        self.deadline = deadline
        self.now = now
        self.sleep = sleep
        paidUntil = Mutex(now())
    }

    /// Whether the time is up.
    public var isOver: Bool { deadline.map { $0 <= now() } ?? false }

    /// Waits until `byteCount` more bytes may be read; returns whether they may.
    ///
    /// Blocks. Idle time is not saved up beyond a moment.
    func admit(_ byteCount: Int) -> Bool {
        if isOver { return false }
        guard let bytesPerSecond else { return true }
        let cost = Duration.seconds(Double(byteCount) / Double(bytesPerSecond))
        let time = now()
        let start = paidUntil.withLock { paidUntil in
            let start = max(paidUntil, time)
            paidUntil = start + cost
            return start
        }
        var wait = time.duration(to: start)
        // Nobody sleeps past the end to be told there that it is over.
        if let deadline { wait = min(wait, time.duration(to: deadline)) }
        if wait >= Self.shortestWait { sleep(wait) }
        return !isOver
    }
}

/// An object that is read at a pace.
final class PacedReader: ObjectReader {
    private let object: any ObjectReader
    private let pace: ReadPace

    init(_ object: any ObjectReader, _ pace: ReadPace) {
        self.object = object
        self.pace = pace
    }

    var byteCount: Int64 { object.byteCount }

    func read(_ byteCount: Int, at offset: Int64) throws(ObjectStoreError) -> [UInt8] {
        guard pace.admit(byteCount) else {
            throw ObjectStoreError(.other, key: nil, message: "the time is up")
        }
        return try object.read(byteCount, at: offset)
    }
}
