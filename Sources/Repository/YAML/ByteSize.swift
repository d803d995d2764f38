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

    /// The shortest text that ``parse(_:)`` reads back as `byteCount`, as "256MiB".
    public static func text(_ byteCount: Int) -> String {
        var (count, unit) = (byteCount, 0)
        while count >= 1024, count % 1024 == 0, unit < 4 {
            count /= 1024
            unit += 1
        }
        return "\(count)" + ["", "KiB", "MiB", "GiB", "TiB"][unit]
    }
}
