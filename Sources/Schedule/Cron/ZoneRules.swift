// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A time zone: what clocks on the wall show at an instant, and when they show a given time.
///
/// Instants are seconds since 1970 (UTC); wall times are seconds in the sense of
/// ``CivilTime/seconds``.
public struct ZoneRules: Hashable, Sendable {
    /// No known change of clocks turns them back by more.
    static let shiftLimit: Int64 = 3 * 3_600

    /// The zone's name in the tz database.
    public let name: String
    private let zone: TimeZone

    /// The zone of that name, as "Europe/Berlin"; nil if there is none.
    public init?(name: String) {
        // Foundation takes abbreviations too; those are ambiguous ("IST") and know no summer time.
        guard name == "UTC" || name.contains("/"), let zone = TimeZone(identifier: name) else {
            return nil
        }
        self.init(zone, name: name)
    }

    private init(_ zone: TimeZone, name: String) {
        self.zone = zone
        self.name = name
    }

    /// Universal time.
    public static let utc = ZoneRules(.gmt, name: "UTC")

    /// The machine's zone, or what the variable `TZ` names.
    public static var local: ZoneRules {
        let zone = TimeZone.current
        return ZoneRules(zone, name: zone.identifier)
    }

    /// All names that ``init(name:)`` takes, for a guess at what was meant.
    public static var names: [String] {
        TimeZone.knownTimeZoneIdentifiers.filter { $0.contains("/") } + ["UTC"]
    }

    /// The instant as clocks show it, with weekday and offset: "Sun 2026-03-29 03:00 +02:00".
    public func text(_ instant: Int64) -> String {
        let offset = offset(at: instant)
        let time = CivilTime(seconds: instant + offset)
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][time.weekday]
        let date = "\(time.year)-\(Self.pad(time.month))-\(Self.pad(time.day))"
        let minutes = Int(abs(offset)) / 60
        let shift =
            "\(offset < 0 ? "-" : "+")\(Self.pad(minutes / 60)):\(Self.pad(minutes % 60))"
        return "\(weekday) \(date) \(Self.pad(time.hour)):\(Self.pad(time.minute)) \(shift)"
    }

    private static func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// Seconds by which clocks are ahead of universal time at `instant`.
    package func offset(at instant: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))))
    }

    /// What clocks show at `instant`.
    package func wall(at instant: Int64) -> Int64 { instant + offset(at: instant) }

    /// When clocks show `wall`: once, twice (the earlier instant first), or never.
    func instants(of wall: Int64) -> [Int64] {
        // No offset is larger than 14 hours, so these lie before and behind each instant meant.
        let (before, after) = (offset(at: wall - 86_400), offset(at: wall + 86_400))
        var found: [Int64] = []
        if offset(at: wall - before) == before { found.append(wall - before) }
        if after != before, offset(at: wall - after) == after { found.append(wall - after) }
        return found.sorted()
    }

    /// When clocks first show `wall`, or the end of the gap if they are put forward past it.
    func instant(of wall: Int64) -> Int64 {
        if let first = instants(of: wall).first { return first }
        // The change that skips `wall`: the first instant of the later offset.
        let after = offset(at: wall + 86_400)
        var (low, high) = (wall - 86_400, wall + 86_400)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: middle) == after { high = middle } else { low = middle }
        }
        return high
    }
}
