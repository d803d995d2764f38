// SPDX-License-Identifier: Apache-2.0

extension ChunkerSpec {
    /// Reads a chunker as Kubo 0.43 writes it, or `fastcdc`.
    ///
    /// Sizes are in bytes. An empty text and `default` mean `size-262144`. The forms are
    /// `size-N`; `rabin`, `rabin-AVG`, `rabin-MIN-AVG-MAX` (each size may carry its label, as in
    /// `min:65536`); `buzhash`; `fastcdc`, `fastcdc-MIN-AVG-MAX`.
    ///
    /// Two texts that Kubo lets pass are refused, because Kubo does not do what they say:
    /// `buzhash-…` (it ignores the sizes) and `rabin-AVG` below 48 (its minimum is then shorter
    /// than the window, and a file comes out as one chunk).
    ///
    /// - Throws: ``ChunkerSpecError``.
    public init(parsing text: String) throws(ChunkerSpecError) {
        if text.isEmpty || text == "default" {
            self.init(.size(Self.defaultByteCount))
            return
        }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        switch parts[0] {
        case "size": self.init(.size(try Self.size(parts, text)))
        case "rabin": self.init(.rabin(try Self.rabinBounds(parts, text)))
        case "fastcdc": self.init(.fastCDC(try Self.fastCDCBounds(parts, text)))
        case "buzhash":
            guard parts.count == 1 else { throw .form(text, expected: "buzhash") }
            self.init(.buzhash)
        default: throw .unknown(text)
        }
    }

    private static func size(
        _ parts: [Substring], _ text: String
    ) throws(ChunkerSpecError) -> Int {
        guard parts.count == 2 else { throw .form(text, expected: "size-N") }
        let byteCount = try number(parts[1], text)
        guard byteCount >= 1 else { throw .tooSmall(text, byteCount: byteCount, least: 1) }
        try checkLimit(byteCount, text)
        return byteCount
    }

    private static func rabinBounds(
        _ parts: [Substring], _ text: String
    ) throws(ChunkerSpecError) -> Bounds {
        switch parts.count {
        case 1: return rabinBounds(average: defaultByteCount)
        case 2:
            let average = try number(parts[1], text)
            let least = 3 * Rabin.windowByteCount
            guard average >= least else {
                throw .tooSmall(text, byteCount: average, least: least)
            }
            // Checked before the sum, which could overflow.
            try checkLimit(average, text)
            let bounds = rabinBounds(average: average)
            try checkLimit(bounds.maximum, text)
            return bounds
        default:
            return try bounds(
                parts, text, leastMinimum: Rabin.windowByteCount,
                expected: "rabin, rabin-AVG or rabin-MIN-AVG-MAX")
        }
    }

    private static func rabinBounds(average: Int) -> Bounds {
        Bounds(minimum: average / 3, average: average, maximum: average + average / 2)
    }

    private static func fastCDCBounds(
        _ parts: [Substring], _ text: String
    ) throws(ChunkerSpecError) -> Bounds {
        guard parts.count > 1 else {
            return Bounds(
                minimum: defaultByteCount / 4, average: defaultByteCount,
                maximum: defaultByteCount * 4)
        }
        return try bounds(
            parts, text, leastMinimum: FastCDC.windowByteCount,
            expected: "fastcdc or fastcdc-MIN-AVG-MAX")
    }

    /// Reads `NAME-MIN-AVG-MAX`.
    private static func bounds(
        _ parts: [Substring], _ text: String, leastMinimum: Int, expected: String
    ) throws(ChunkerSpecError) -> Bounds {
        guard parts.count == 4 else { throw .form(text, expected: expected) }
        let bounds = Bounds(
            minimum: try number(parts[1], text, label: "min"),
            average: try number(parts[2], text, label: "avg"),
            maximum: try number(parts[3], text, label: "max"))
        guard bounds.minimum >= leastMinimum else {
            throw .tooSmall(text, byteCount: bounds.minimum, least: leastMinimum)
        }
        guard bounds.minimum < bounds.average, bounds.average < bounds.maximum else {
            throw .order(text)
        }
        try checkLimit(bounds.maximum, text)
        return bounds
    }

    /// Reads one size; with a label, `label:` may stand before it.
    ///
    /// As in Kubo the number is what follows the last colon and the label what precedes the
    /// first.
    private static func number(
        _ part: Substring, _ text: String, label: String? = nil
    ) throws(ChunkerSpecError) -> Int {
        var digits = part
        if let label {
            let pieces = part.split(separator: ":", omittingEmptySubsequences: false)
            if pieces.count > 1 {
                guard pieces[0] == label else { throw .label(text, expected: label) }
                digits = pieces[pieces.count - 1]
            }
        }
        guard let value = Int(digits) else { throw .number(text, found: String(digits)) }
        return value
    }

    private static func checkLimit(
        _ byteCount: Int, _ text: String
    ) throws(ChunkerSpecError) {
        guard byteCount <= chunkByteCountLimit else {
            throw .tooLarge(text, byteCount: byteCount)
        }
    }
}
