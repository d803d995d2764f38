// SPDX-License-Identifier: Apache-2.0

import Schedule

/// Instants as tests write them: "2026-03-29 01:00" in universal time, as seconds since 1970.
enum UniversalTime {
    static func seconds(_ text: String) -> Int64 {
        let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
        precondition(numbers.count == 5, "no instant: \(text)")
        var time = CivilTime(year: numbers[0], month: numbers[1], day: numbers[2])
        time.hour = numbers[3]
        time.minute = numbers[4]
        return time.seconds
    }

    static func text(_ instant: Int64) -> String {
        let time = CivilTime(seconds: instant)
        func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(time.year)-\(pad(time.month))-\(pad(time.day)) \(pad(time.hour)):\(pad(time.minute))"
    }
}
