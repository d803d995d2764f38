// SPDX-License-Identifier: Apache-2.0

/// Why a text is no cron expression, and what to write instead.
public struct CronError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The message.
    public let description: String

    init(_ description: String) { self.description = description }
}

extension CronExpression {
    /// The names that stand for whole expressions.
    private static let names = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    ]
    private static let byteCountLimit = 1_024

    /// Parses five fields, or a name such as `@daily`.
    ///
    /// - Throws: ``CronError``: what is wrong in which field; a date that never comes.
    public init(_ text: String) throws(CronError) {
        guard text.utf8.count <= Self.byteCountLimit else {
            throw CronError("the expression is over \(Self.byteCountLimit) bytes long")
        }
        let expanded: String
        if text.hasPrefix("@") {
            guard let known = Self.names[text.lowercased()] else {
                throw CronError(
                    "\(text) is unknown; give @hourly, @daily, @weekly, @monthly, @yearly, or five fields"
                )
            }
            expanded = known
        } else {
            expanded = text
        }
        let fields = expanded.split { $0 == " " || $0 == "\t" }
        guard fields.count == 5 else {
            let hint = fields.count == 6 ? "; seconds are not among them" : ""
            throw CronError(
                "\"\(text)\" has \(fields.count) field\(fields.count == 1 ? "" : "s"), but there must be five: minute hour day month weekday, such as 30 2 * * *\(hint)"
            )
        }
        self.text = text
        minutes = try CronField(fields[0], .minute)
        hours = try CronField(fields[1], .hour)
        days = try CronField(fields[2], .day)
        months = try CronField(fields[3], .month)
        weekdays = try CronField(fields[4], .weekday)
        guard next(after: 0, in: .utc) != nil else {
            throw CronError("\"\(text)\" never comes: no such month has that day")
        }
    }
}
