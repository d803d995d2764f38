// SPDX-License-Identifier: Apache-2.0

/// Sizes as people write them.
public enum ByteSize {
    /// "4096", "64k", "256MiB", "1GB": K, M, G, T are binary with or without `iB`, decimal with `B`
    /// alone.
    ///
    /// Nil if it is no size.
    public static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let suffix = text.dropFirst(digits.count).lowercased()
        if suffix.isEmpty || suffix == "b" { return number }
        guard let exponent = ["k", "m", "g", "t"].firstIndex(of: String(suffix.prefix(1))) else {
            return nil
        }
        let base: Int
        switch suffix.dropFirst() {
        case "", "ib": base = 1024
        case "b": base = 1000
        default: return nil
        }
        var result = number
        for _ in 0...exponent {
            let (product, overflow) = result.multipliedReportingOverflow(by: base)
            if overflow { return nil }
            result = product
        }
        return result
    }
}

/// Ages as people write them.
public enum AgeText {
    /// Milliseconds of "90m", "12h", "7d", "4w" or "2y", a year of 365 days.
    ///
    /// Nil if it is no age, or more than a thousand years.
    public static func milliseconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = [
            "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400,
        ]
        let limit: Int64 = 1_000 * 365 * 86_400
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
            (0...limit / unit).contains(count)
        else { return nil }
        return count * unit * 1_000
    }

    /// The largest unit that tells all of it: "7d", "90m".
    public static func text(milliseconds: Int64) -> String {
        for (seconds, unit) in [(86_400, "d"), (3_600, "h")] as [(Int64, String)]
        where milliseconds % (seconds * 1_000) == 0 && milliseconds > 0 {
            return "\(milliseconds / seconds / 1_000)\(unit)"
        }
        return "\(milliseconds / 60_000)m"
    }
}
