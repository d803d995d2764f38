// SPDX-License-Identifier: Apache-2.0

/// A moment in whole seconds of UTC, in the three spellings that S3 uses.
struct UTCTime: Hashable, Comparable, Sendable {
    /// Seconds since 1970.
    let seconds: Int64

    /// The moment `seconds` after 1970 began.
    init(seconds: Int64) { self.seconds = seconds }

    /// The moment of a date of the Gregorian calendar; nil if there is no such date.
    private init?(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int)
    {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        // The year begins in March, so that the leap day is its last.
        let (shiftedYear, shiftedMonth) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        let days =
            365 * shiftedYear + shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400
            + (153 * shiftedMonth + 2) / 5 + day - 1 - Self.daysFromYearZero
        seconds = Int64(((days * 24 + hour) * 60 + minute) * 60 + second)
    }

    /// Days from 1 March of the year 0 to 1 January 1970.
    private static let daysFromYearZero = 719_468

    static func < (left: UTCTime, right: UTCTime) -> Bool { left.seconds < right.seconds }

    /// `20130524T000000Z`, as requests are signed.
    var basic: String {
        let days = Int(seconds.flooredQuotient(86_400))
        let rest = Int(seconds) - days * 86_400
        let shifted = days + Self.daysFromYearZero
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return Self.padded(year, 4) + Self.padded(month, 2) + Self.padded(day, 2) + "T"
            + Self.padded(rest / 3600, 2) + Self.padded(rest / 60 % 60, 2)
            + Self.padded(rest % 60, 2) + "Z"
    }

    /// Reads `Fri, 24 May 2013 00:00:00 GMT`, as HTTP headers have it.
    init?(httpDate text: String) {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT",
            let month = Self.months.firstIndex(of: String(words[2])),
            let day = Int(words[1]), let year = Int(words[3])
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3 else { return nil }
        self.init(year, month + 1, day, time[0], time[1], time[2])
    }

    /// Reads `2013-05-24T00:00:00.000Z`, as XML answers have it; fractions are cut off.
    init?(extended text: String) {
        let halves = text.split(separator: "T")
        guard halves.count == 2, text.last == "Z" else { return nil }
        let date = halves[0].split(separator: "-").compactMap { Int($0) }
        let time = halves[1].dropLast().split(separator: ".")[0]
            .split(separator: ":").compactMap { Int($0) }
        guard date.count == 3, time.count == 3 else { return nil }
        self.init(date[0], date[1], date[2], time[0], time[1], time[2])
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Int64 {
    /// The quotient rounded down, for a positive divisor.
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}
