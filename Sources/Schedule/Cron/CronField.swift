// SPDX-License-Identifier: Apache-2.0

/// The values that one field of a cron expression chooses.
struct CronField: Hashable, Sendable {
    /// Bit n stands for the value n.
    private var bits: UInt64 = 0
    /// Whether the field begins with `*`, which decides how days and changes of clocks are taken.
    private(set) var beginsWithStar = false

    /// Whether `value` is chosen.
    func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

    /// The least chosen value from `value` on.
    func first(from value: Int) -> Int? {
        guard value < 64 else { return nil }
        let rest = bits & (~0 << UInt64(value))
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    /// What a field may hold.
    struct Kind: Sendable {
        let noun: String
        let range: ClosedRange<Int>
        /// Names of the values, from the lowest on.
        let names: [String]

        static let minute = Kind(noun: "minute", range: 0...59, names: [])
        static let hour = Kind(noun: "hour", range: 0...23, names: [])
        static let day = Kind(noun: "day of the month", range: 1...31, names: [])
        static let month = Kind(
            noun: "month", range: 1...12,
            names: [
                "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
            ])
        /// 7 is Sunday as well as 0.
        static let weekday = Kind(
            noun: "day of the week", range: 0...7,
            names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
    }

    /// Parses one field: values, names, ranges and steps, joined by commas.
    init(_ text: Substring, _ kind: Kind) throws(CronError) {
        beginsWithStar = text.first == "*"
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            try add(part, kind)
        }
        if kind.range.upperBound == 7, contains(7) {
            bits = bits & ~(1 << 7) | 1
        }
    }

    private mutating func add(_ part: Substring, _ kind: Kind) throws(CronError) {
        let pieces = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let span = pieces[0]
        var range = kind.range
        if span == "*" {
            // 7 would choose Sunday although a step passes over 0.
            if range.upperBound == 7 { range = 0...6 }
        } else if let dash = span.firstIndex(of: "-") {
            let low = try Self.value(span[..<dash], kind)
            let high = try Self.value(span[span.index(after: dash)...], kind)
            guard low <= high else {
                throw CronError(
                    "\(kind.noun) \(span): the range ends before it begins; write two ranges joined by a comma"
                )
            }
            range = low...high
        } else {
            let value = try Self.value(span, kind)
            guard pieces.count == 1 else {
                throw CronError(
                    "\(kind.noun) \(part): a step needs a range; write \(span)-\(kind.range.upperBound)/\(pieces[1]) or */\(pieces[1])"
                )
            }
            range = value...value
        }
        var step = 1
        if pieces.count == 2 {
            guard let given = Int(pieces[1]), given > 0, given <= kind.range.upperBound else {
                throw CronError(
                    "\(kind.noun) \(part): the step must be a number from 1 to \(kind.range.upperBound)"
                )
            }
            step = given
        }
        for value in stride(from: range.lowerBound, through: range.upperBound, by: step) {
            bits |= 1 << UInt64(value)
        }
    }

    private static func value(_ text: Substring, _ kind: Kind) throws(CronError) -> Int {
        if let index = kind.names.firstIndex(of: text.lowercased()) {
            return index + kind.range.lowerBound
        }
        let isNumber = !text.isEmpty && text.allSatisfy { $0.isASCII && $0.isNumber }
        if isNumber, let value = Int(text), kind.range.contains(value) { return value }
        let names =
            kind.names.isEmpty
            ? "" : ", or \(kind.names[0]) to \(kind.names[kind.names.count - 1])"
        throw CronError(
            "\"\(text)\" is no \(kind.noun); give \(kind.range.lowerBound) to \(kind.range.upperBound)\(names)"
        )
    }
}
