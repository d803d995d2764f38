// SPDX-License-Identifier: Apache-2.0

/// When each pipeline of a schedule runs, and what its rules make of a run that is due.
///
/// A value without clock or task. Times are seconds since 1970 (UTC).
///
/// Of one pipeline at most one run goes and at most one waits.
public struct Timetable: Sendable {
    /// Something to do.
    public enum Action: Hashable, Sendable {
        /// Begin a run. `missed` counts the planned times that came to nothing before it.
        case start(pipeline: String, planned: Int64, missed: Int)
        /// Cancel the run that is going; another one begins when it has ended.
        case cancel(pipeline: String)
        /// Leave the run out, and say why.
        case leaveOut(pipeline: String, planned: Int64, missed: Int, reason: Reason)
    }

    /// Why a run is left out.
    public enum Reason: String, Hashable, Sendable {
        /// The one before is still going.
        case overlap
        /// It was missed, and is not made up for.
        case missed
    }

    /// A due time may be noticed so late, in seconds, before it counts as missed.
    ///
    /// Longer than the longest sleep of the system's clock and a machine under load.
    static let tolerance: Int64 = 90

    /// What lies so many seconds ahead of where it should comes from a clock that was wrong.
    fileprivate static let farAhead: Int64 = 86_400

    fileprivate struct Entry: Sendable {
        var rules: ScheduleRules
        /// The planned time that comes next; nil if none does.
        var planned: Int64?
        /// When that begins.
        var start: Int64?
        var isRunning = false
        /// The planned time of the run that waits for the end of the one that is going.
        var waiting: (planned: Int64, missed: Int)?
    }

    private var entries: [String: Entry] = [:]
    private let seed: UInt64

    /// A table without pipelines.
    ///
    /// - Parameter seed: makes the jitter.
    public init(seed: UInt64) { self.seed = seed }

    /// The pipelines in it, by name.
    public var pipelines: [String] { entries.keys.sorted() }

    /// Whether a run of that pipeline is going.
    public func isRunning(_ pipeline: String) -> Bool { entries[pipeline]?.isRunning ?? false }

    /// Whether any run is going.
    public var isAnyRunning: Bool { entries.values.contains(where: \.isRunning) }

    /// When the next run of a pipeline is planned, and when it begins.
    public func next(of pipeline: String) -> (planned: Int64, start: Int64)? {
        guard let entry = entries[pipeline], let planned = entry.planned, let start = entry.start
        else { return nil }
        return (planned, start)
    }

    /// Adds a pipeline, or gives it other rules; a run that is going is not touched.
    ///
    /// - Parameter lastPlanned: the last planned time that was dealt with, so that what was missed
    ///   since is seen; nil if there is none.
    public mutating func set(
        _ rules: ScheduleRules, of pipeline: String, lastPlanned: Int64?, now: Int64
    ) {
        var entry = entries[pipeline] ?? Entry(rules: rules)
        entry.rules = rules
        // A time far ahead comes from a clock that was wrong; nothing would run until then.
        var base = lastPlanned ?? now
        if base > now + Self.farAhead { base = now }
        entry.plan(after: base, pipeline, seed)
        entries[pipeline] = entry
    }

    /// Takes a pipeline out; a run that is going still ends by ``ended(_:now:)``.
    public mutating func remove(_ pipeline: String) {
        guard let entry = entries[pipeline] else { return }
        if entry.isRunning {
            entries[pipeline]?.planned = nil
            entries[pipeline]?.start = nil
            entries[pipeline]?.waiting = nil
            entries[pipeline]?.rules.expressions = []
        } else {
            entries[pipeline] = nil
        }
    }

    /// When ``tick(now:)`` has something to do; nil for never.
    public var nextWake: Int64? { entries.values.compactMap(\.start).min() }

    /// What is due by now.
    public mutating func tick(now: Int64) -> [Action] {
        entries.keys.sorted().flatMap { pipeline in
            entries[pipeline]?.follow(clock: now, pipeline, seed)
            return due(pipeline, now)
        }
    }

    /// Takes in that a run has ended, and says whether the next begins.
    public mutating func ended(_ pipeline: String, now: Int64) -> [Action] {
        guard var entry = entries[pipeline] else { return [] }
        entry.isRunning = false
        let waiting = entry.waiting
        entry.waiting = nil
        entry.isRunning = waiting != nil
        entries[pipeline] = entry
        if waiting == nil, entry.planned == nil, entry.rules.expressions.isEmpty {
            entries[pipeline] = nil
        }
        guard let waiting else { return [] }
        return [.start(pipeline: pipeline, planned: waiting.planned, missed: waiting.missed)]
    }

    /// Begins a run that nobody planned; false if one is going.
    public mutating func beginUnplanned(_ pipeline: String) -> Bool {
        guard entries[pipeline]?.isRunning == false else { return false }
        entries[pipeline]?.isRunning = true
        return true
    }

    private mutating func due(_ pipeline: String, _ now: Int64) -> [Action] {
        guard var entry = entries[pipeline], let first = entry.planned, let start = entry.start,
            start <= now
        else { return [] }
        defer { entries[pipeline] = entry }
        let (planned, count) = entry.latestStarted(from: first, now, pipeline, seed)
        entry.plan(after: planned, pipeline, seed)
        let missed = count - 1
        let begin = entry.rules.start(ofPlanned: planned, pipeline: pipeline, seed: seed)
        if !entry.makesUp(for: begin, now) {
            return [
                .leaveOut(
                    pipeline: pipeline, planned: planned, missed: missed, reason: .missed)
            ]
        }
        guard entry.isRunning else {
            entry.isRunning = true
            return [.start(pipeline: pipeline, planned: planned, missed: missed)]
        }
        switch entry.rules.overlap {
        case .skip:
            return [
                .leaveOut(
                    pipeline: pipeline, planned: planned, missed: missed, reason: .overlap)
            ]
        case .queue:
            if entry.waiting != nil {
                return [
                    .leaveOut(
                        pipeline: pipeline, planned: planned, missed: missed, reason: .overlap)
                ]
            }
            entry.waiting = (planned, missed)
            return []
        case .cancel:
            let isFirst = entry.waiting == nil
            entry.waiting = (planned, missed)
            return isFirst ? [.cancel(pipeline: pipeline)] : []
        }
    }
}

extension Timetable.Entry {
    fileprivate mutating func plan(after base: Int64, _ pipeline: String, _ seed: UInt64) {
        planned = rules.planned(after: base)
        start = planned.map { rules.start(ofPlanned: $0, pipeline: pipeline, seed: seed) }
    }

    /// Plans anew if the clock was set far back since: nothing would run until it has caught up.
    fileprivate mutating func follow(clock now: Int64, _ pipeline: String, _ seed: UInt64) {
        guard let planned, planned > now + Timetable.farAhead,
            let next = rules.planned(after: now), planned > next + Timetable.farAhead
        else { return }
        plan(after: now, pipeline, seed)
    }

    /// The last planned time whose start has come, and how many there are up to it.
    fileprivate func latestStarted(
        from first: Int64, _ now: Int64, _ pipeline: String, _ seed: UInt64
    ) -> (planned: Int64, count: Int) {
        var (planned, count) = rules.latest(from: first, notAfter: now)
        // The last one may have been planned, but its jitter or a window still holds it back.
        if count > 1, rules.start(ofPlanned: planned, pipeline: pipeline, seed: seed) > now {
            (planned, count) = rules.latest(from: first, notAfter: planned - 1)
        }
        return (planned, count)
    }

    /// Whether a run that was to begin at `begin` begins now.
    fileprivate func makesUp(for begin: Int64, _ now: Int64) -> Bool {
        let delay = now - begin
        if delay <= Timetable.tolerance { return true }
        switch rules.catchUp {
        case .never: return false
        case .always: return true
        case .within(let limit): return delay <= limit.components.seconds
        }
    }
}
