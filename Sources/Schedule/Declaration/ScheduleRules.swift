// SPDX-License-Identifier: Apache-2.0

import Repository

/// The section `schedule`: when a pipeline runs by itself.
///
/// Instants are seconds since 1970 (UTC).
public struct ScheduleRules: Hashable, Sendable {
    /// What happens when a run is due while the last one is still going.
    public enum Overlap: String, CaseIterable, Hashable, Sendable {
        /// The one that is due is left out.
        case skip
        /// It begins as soon as the other has ended; one waits at most.
        case queue
        /// The other is cancelled, and it begins then.
        case cancel
    }

    /// Whether a run that was missed, as with the machine off, is made up for.
    public enum CatchUp: Hashable, Sendable {
        /// No: the next time will do.
        case never
        /// Yes, once, however many were missed.
        case always
        /// Likewise, unless the last one missed is longer ago.
        case within(Duration)
    }

    /// When it runs; at least one.
    public var expressions: [CronExpression] = []
    /// Whose clocks count; nil for the machine's zone.
    public var namedZone: ZoneRules?
    /// Runs begin up to so much later than planned, so that not all begin at once.
    public var jitter = Duration.zero
    /// Whether missed runs are made up for.
    public var catchUp = CatchUp.always
    /// What happens when runs would overlap.
    public var overlap = Overlap.skip
    /// When no run begins.
    public var blackouts: [BlackoutWindow] = []

    /// Rules without a time.
    public init() {}

    /// Whose clocks count.
    public var zone: ZoneRules { namedZone ?? .local }

    /// The first planned time after `instant`, without jitter and windows.
    public func planned(after instant: Int64) -> Int64? {
        let zone = zone
        return expressions.compactMap { $0.next(after: instant, in: zone) }.min()
    }

    /// The last planned time that is not after `instant`, given one that is; and how many there
    /// are from that one on.
    ///
    /// - Complexity: O(times in between), of which no more than 100,000 are counted.
    func latest(from first: Int64, notAfter instant: Int64) -> (planned: Int64, count: Int) {
        var (latest, count) = (first, 1)
        while count < 100_000, let next = planned(after: latest), next <= instant {
            latest = next
            count += 1
        }
        return (latest, count)
    }

    /// When the run planned for `planned` begins: later by its jitter, and not in a window.
    ///
    /// - Parameter seed: makes the jitter; the same for the same pipeline, time and seed.
    public func start(ofPlanned planned: Int64, pipeline: String, seed: UInt64) -> Int64 {
        var start = planned + Self.jitter(upTo: jitter, planned, pipeline, seed)
        // Windows may touch; more steps than windows per week mean that there is no time at all.
        let zone = zone
        for _ in 0..<(8 * max(1, blackouts.count)) {
            guard let end = blackouts.compactMap({ $0.end(covering: start, in: zone) }).max()
            else { return start }
            start = end
        }
        return start
    }

    private static func jitter(
        upTo limit: Duration, _ planned: Int64, _ pipeline: String, _ seed: UInt64
    ) -> Int64 {
        let seconds = limit.components.seconds
        guard seconds > 0 else { return 0 }
        // FNV-1a, then a finalizer: the same on every machine and in every release.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ seed
        for byte in pipeline.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ UInt64(bitPattern: planned)) &* 0x9e37_79b9_7f4a_7c15
        hash ^= hash >> 32
        hash = hash &* 0xd6e8_feb8_6659_fd93
        hash ^= hash >> 32
        return Int64(hash % UInt64(seconds + 1))
    }
}

extension ScheduleRules {
    static let yaml = YAMLObject("schedule", empty: { ScheduleRules() }, keys: keys) {
        rules, node, problems in
        let now = 1_767_225_600  // 2026-01-01, a Thursday: any week would do
        guard let planned = rules.planned(after: Int64(now)) else { return }
        let start = rules.start(ofPlanned: planned, pipeline: "", seed: 0)
        let zone = rules.zone
        if rules.blackouts.contains(where: { $0.end(covering: start, in: zone) != nil }) {
            problems.add(node.place, "the blackout windows leave no time for a run; shorten them")
        }
    }

    private static let keys: [YAMLKey<ScheduleRules>] = [
        YAMLKey(
            "cron", \.expressions, cron.oneOrMore(), isRequired: true,
            "When it runs: minute hour day month weekday, or @daily and the like."),
        YAMLKey(
            "timezone", optional: \.namedZone, zoneType, standard: "the machine's",
            "Whose clocks count, as Europe/Berlin."),
        YAMLKey(
            "jitter", \.jitter, .duration(.zero ... .seconds(86_400)), standard: "0",
            "Runs begin up to so much later, so that not all begin at once."),
        YAMLKey(
            "catch-up", \.catchUp, catchUpType, standard: "true",
            "Whether a missed run is made up for, once: true, false, or the longest delay."),
        YAMLKey(
            "overlap", \.overlap, .word, standard: "skip",
            "When a run is due while the last one is going: skip it, queue it, or cancel the other."
        ),
        YAMLKey(
            "blackout", \.blackouts, BlackoutWindow.yaml.type.oneOrMore(), standard: "[]",
            "Windows in which no run begins; one that is due waits for the end."),
    ]

    private static let cron = YAMLType<CronExpression>.checked(
        "a cron expression such as \"30 2 * * *\"", examples: ["30 2 * * *", "@daily"]
    ) { try CronExpression($0) }

    private static let zoneType = YAMLType<ZoneRules>.checked(
        "a time zone such as Europe/Berlin", examples: ["Europe/Berlin", "UTC"]
    ) { text in
        if let zone = ZoneRules(name: text) { return zone }
        let guess = NearestWord.of(text, in: ZoneRules.names).map { "; did you mean \($0)?" }
        throw CronError(
            "\"\(text)\" is no time zone; give one such as Europe/Berlin or UTC\(guess ?? "")")
    }

    private static let catchUpType = YAMLType<CatchUp>(
        .any([.flag, .text(pattern: "^([0-9]+(s|m|h|d|w))+$", examples: ["12h"])])
    ) { node, problems in
        switch node.content {
        case .scalar("true", false): return .always
        case .scalar("false", false): return .never
        case .scalar(let text, _):
            if let span = TimeSpan.parse(text), span > .zero { return .within(span) }
        default: break
        }
        problems.add(node.place, "catch-up must be true, false, or a span of time such as 12h")
        return nil
    }
}
