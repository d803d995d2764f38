// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import Foundation

/// Which snapshots of one series are kept: a rule per period, and tags.
///
/// The rules are restic's. A snapshot is kept if any rule asks for it. A rule over periods keeps
/// the last snapshot of each period that has one, newest periods first, until its count is used
/// up; if count is left when the oldest snapshot is met, that is kept as well, so that the history
/// is as long as the rule allows. Days, weeks (from Monday), months and years are those of the
/// time zone that ``decide(on:now:in:)`` is given; of two hours with one name, as clocks go back,
/// each is a period. A snapshot belongs to the period in which its run started.
public struct RetentionPolicy: Hashable, Sendable {
    /// What a rule divides time into.
    public enum Period: String, CaseIterable, Hashable, Sendable {
        /// Each snapshot by itself.
        case last, hourly, daily, weekly, monthly, yearly
    }

    /// How far back a rule reaches.
    public enum Bound: Hashable, Sendable {
        /// So many periods that have a snapshot; 1 or more.
        case count(Int)
        /// As far as there are snapshots.
        case unlimited
        /// Snapshots less than so much older than the newest one.
        case within(CalendarDuration)
    }

    /// One reason to keep snapshots.
    public struct Rule: Hashable, Sendable {
        /// What time is divided into.
        public var period: Period
        /// How far the rule reaches.
        public var bound: Bound

        /// Pairs a period with a bound.
        public init(_ period: Period, _ bound: Bound) {
            self.period = period
            self.bound = bound
        }
    }

    /// The rules, in any order.
    public var rules: [Rule]
    /// Snapshots with all tags of one of these lists are kept.
    public var tags: [[String]]

    /// A policy of those rules and tags.
    public init(rules: [Rule] = [], tags: [[String]] = []) {
        self.rules = rules
        self.tags = tags
    }

    /// Whether it would keep nothing, whatever there is.
    public var isEmpty: Bool { rules.isEmpty && tags.isEmpty }

    /// Why a snapshot is kept.
    public enum Reason: Hashable, Sendable, CustomStringConvertible {
        /// A rule asks for it; as the oldest one there is if `isOldest`.
        case rule(Rule, isOldest: Bool)
        /// It has all these tags.
        case tags([String])
        /// Its time is still to come: no rule can place it, so none forgets it or counts it.
        case future

        /// As in "daily", "oldest monthly", "within 30d", "daily within 30d", "tag release",
        /// "from the future".
        public var description: String {
            switch self {
            case .tags(let tags): return "tag " + tags.joined(separator: "+")
            case .future: return "from the future"
            case .rule(let rule, let isOldest):
                let oldest = isOldest ? "oldest " : ""
                switch (rule.period, rule.bound) {
                case (.last, .within(let duration)): return "within \(duration)"
                case (let period, .within(let duration)):
                    return "\(oldest)\(period.rawValue) within \(duration)"
                case (let period, _): return oldest + period.rawValue
                }
            }
        }
    }

    /// What becomes of one snapshot.
    public struct Decision: Hashable, Sendable {
        /// The snapshot.
        public let snapshot: SnapshotRecord
        /// Why it is kept; empty if it is not.
        public let reasons: [Reason]

        /// Whether it stays.
        public var isKept: Bool { !reasons.isEmpty }
    }

    /// Decides on each snapshot of one series, newest first.
    ///
    /// - Parameters:
    ///   - snapshots: in any order.
    ///   - milliseconds: the time it is, since 1970 (UTC). A snapshot from the future, as after a
    ///     clock was wrong, is kept and counts for no rule: else it would take the place of what was
    ///     made since.
    ///   - zone: whose hours, days, weeks, months and years count.
    /// - Complexity: O(n log n), with a calendar look-up for each snapshot.
    public func decide(
        on snapshots: [SnapshotRecord], now milliseconds: Int64, in zone: TimeZone
    ) -> [Decision] {
        let sorted = snapshots.sorted {
            ($0.startedAtMilliseconds, $0.id) > ($1.startedAtMilliseconds, $1.id)
        }
        let times = sorted.map(\.startedAtMilliseconds)
        let newest = times.first { $0 <= milliseconds }
        let calendar = PeriodCalendar(zone)
        var trackers = rules.map { RuleTracker($0, newest: newest, zone) }
        return sorted.indices.map { index in
            let snapshot = sorted[index]
            var reasons = tags.filter { Set($0).isSubset(of: snapshot.tags) }.map(Reason.tags)
            guard times[index] <= milliseconds else {
                return Decision(snapshot: snapshot, reasons: reasons + [.future])
            }
            let periods = calendar.periods(at: times[index], number: index)
            for tracker in trackers.indices {
                let reason = trackers[tracker].visit(
                    times[index], periods, isOldest: index == sorted.count - 1)
                if let reason { reasons.append(reason) }
            }
            return Decision(snapshot: snapshot, reasons: reasons)
        }
    }
}

/// How far one rule has come, from the newest snapshot to the oldest.
private struct RuleTracker {
    let rule: RetentionPolicy.Rule
    /// Periods that may still be kept; nil for any number.
    var left: Int?
    /// Only snapshots after this are kept.
    var since = Int64.min
    /// The period of the last snapshot that was met.
    var period: [Int]?

    init(_ rule: RetentionPolicy.Rule, newest: Int64?, _ zone: TimeZone) {
        self.rule = rule
        switch rule.bound {
        case .count(let count): left = count
        case .unlimited: left = nil
        case .within(let duration):
            left = nil
            since = newest.map { duration.before(milliseconds: $0, in: zone) } ?? .min
        }
    }

    /// Takes in the next older snapshot; nil if the rule does not ask for it.
    mutating func visit(
        _ milliseconds: Int64, _ periods: [RetentionPolicy.Period: [Int]], isOldest: Bool
    ) -> RetentionPolicy.Reason? {
        if let left, left <= 0 { return nil }
        guard milliseconds > since else { return nil }
        let isNew = periods[rule.period] != period
        guard isNew || isOldest else { return nil }
        period = periods[rule.period]
        left? -= 1
        return .rule(rule, isOldest: !isNew)
    }
}

/// The periods of times in one time zone.
private struct PeriodCalendar {
    private var calendar = Calendar(identifier: .gregorian)

    init(_ zone: TimeZone) {
        calendar.timeZone = zone
        // Weeks of ISO 8601.
        calendar.firstWeekday = 2
        calendar.minimumDaysInFirstWeek = 4
    }

    /// A name for the period that a time lies in, of each kind; `number` tells snapshots apart.
    func periods(at milliseconds: Int64, number: Int) -> [RetentionPolicy.Period: [Int]] {
        let date = Date(timeIntervalSince1970: Double(milliseconds.quotientFlooring(by: 1000)))
        let parts = calendar.dateComponents(
            [.era, .year, .month, .day, .hour, .yearForWeekOfYear, .weekOfYear], from: date)
        func name(_ parts: Int?...) -> [Int] { parts.map { $0 ?? 0 } }
        return [
            .last: [number],
            .hourly: name(
                parts.era, parts.year, parts.month, parts.day, parts.hour,
                calendar.timeZone.secondsFromGMT(for: date)),
            .daily: name(parts.era, parts.year, parts.month, parts.day),
            .weekly: name(parts.yearForWeekOfYear, parts.weekOfYear),
            .monthly: name(parts.era, parts.year, parts.month),
            .yearly: name(parts.era, parts.year),
        ]
    }
}
