// SPDX-License-Identifier: Apache-2.0

/// A date and a time of day without a time zone, in the Gregorian calendar.
package struct CivilTime: Hashable, Sendable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int
    /// 0 to 23.
    package var hour = 0
    /// 0 to 59.
    package var minute = 0

    /// Midnight of a day.
    package init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Seconds from 1970-01-01 00:00 to here, as if every day had 86,400 of them.
    package var seconds: Int64 { Int64(dayNumber) * 86_400 + Int64(hour * 3_600 + minute * 60) }

    /// Days since 1970-01-01, by Howard Hinnant's `days_from_civil`.
    package var dayNumber: Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// 0 for Sunday to 6 for Saturday.
    package var weekday: Int {
        let number = (dayNumber + 4) % 7  // 1970-01-01 was a Thursday
        return number < 0 ? number + 7 : number
    }
}

extension CivilTime {
    /// The minute that `seconds` lie in; the opposite of ``seconds``.
    package init(seconds: Int64) {
        let dayNumber = Int((Double(seconds) / 86_400).rounded(.down))
        let inDay = Int(seconds - Int64(dayNumber) * 86_400)
        self.init(dayNumber: dayNumber)
        hour = inDay / 3_600
        minute = inDay / 60 % 60
    }

    /// Midnight of a day counted from 1970-01-01, by Howard Hinnant's `civil_from_days`.
    package init(dayNumber: Int) {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    }
}
