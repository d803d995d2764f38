// SPDX-License-Identifier: Apache-2.0

/// Numbers as people read them.
enum Figures {
    /// "1.5 GiB": binary units, three digits.
    static func bytes(_ count: some BinaryInteger) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(decimal(value, value < 10 ? 2 : 1)) \(units[unit])"
    }

    /// "12,345".
    static func count(_ count: some BinaryInteger) -> String {
        var digits = Array(String(count))
        var position = digits.count - 3
        while position > (digits.first == "-" ? 1 : 0) {
            digits.insert(",", at: position)
            position -= 3
        }
        return String(digits)
    }

    /// "3 files", "1 file".
    static func count(_ count: Int, _ noun: String, plural: String? = nil) -> String {
        "\(self.count(count)) \(count == 1 ? noun : plural ?? noun + "s")"
    }

    /// "1:02:03", "4.2 s".
    static func duration(_ duration: Duration) -> String {
        let seconds = seconds(duration)
        if seconds < 60 { return "\(decimal(seconds, seconds < 10 ? 2 : 1)) s" }
        let whole = Int(seconds)
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        let tail = "\(pad(minutes)):\(pad(rest))"
        return hours > 0 ? "\(hours):\(tail)" : tail
    }

    /// Seconds with fractions.
    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    /// `value` with `places` digits behind the point.
    static func decimal(_ value: Double, _ places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard scaled.magnitude < 1e15 else { return "\(value)" }
        let whole = Int(scaled.magnitude)
        let sign = scaled < 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(whole)" }
        let fraction = String(whole % Int(scale))
        return "\(sign)\(whole / Int(scale))."
            + String(repeating: "0", count: places - fraction.count) + fraction
    }

    /// "42 %".
    static func percent(_ share: Double) -> String { "\(decimal(share * 100, 0)) %" }

    /// UTC, ISO 8601: "2026-01-31T23:59:59Z".
    static func time(milliseconds: Int64) -> String {
        let seconds = milliseconds.flooredDivision(by: 1000)
        let days = seconds.flooredDivision(by: 86400)
        let inDay = Int(seconds - days * 86400)
        let (year, month, day) = civil(days: days)
        return "\(year)-\(pad(month))-\(pad(day))T\(pad(inDay / 3600)):\(pad(inDay / 60 % 60))"
            + ":\(pad(inDay % 60))Z"
    }

    /// The date of a day counted from 1970-01-01, by Howard Hinnant's `civil_from_days`.
    private static func civil(days: Int64) -> (year: Int64, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted.flooredDivision(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, Int(dayOfYear - (153 * shiftedMonth + 2) / 5) + 1)
    }

    private static func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
