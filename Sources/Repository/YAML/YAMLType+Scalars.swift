// SPDX-License-Identifier: Apache-2.0

extension YAMLNode {
    /// The text of a scalar; otherwise says that `wanted` was expected.
    fileprivate func scalar(_ wanted: String, _ problems: inout YAMLProblems) -> String? {
        if case .scalar(let text, _) = content { return text }
        problems.add(place, "this must be \(wanted), not \(noun)")
        return nil
    }
}

extension YAMLType where Value == String {
    /// A text, quoted or not, of at least one character.
    public static var text: YAMLType<String> { text("a text") }

    /// A text, which messages call `noun`.
    public static func text(_ noun: String, examples: [String] = []) -> YAMLType<String> {
        YAMLType<String>(.text(pattern: nil, examples: examples)) { node, problems in
            guard let text = node.scalar(noun, &problems) else { return nil }
            if text.isEmpty { problems.add(node.place, "this is empty; give \(noun)") }
            return text.isEmpty ? nil : text
        }
    }

    /// One of `words`.
    public static func word(_ words: [String]) -> YAMLType<String> {
        YAMLType<String>(.word(words)) { node, problems in
            let wanted = "one of \(words.joined(separator: ", "))"
            guard let text = node.scalar(wanted, &problems) else { return nil }
            if words.contains(text) { return text }
            let guess = NearestWord.of(text, in: words).map { "; did you mean \($0)?" } ?? ""
            problems.add(node.place, "\(node.noun) must be \(wanted)\(guess)")
            return nil
        }
    }
}

extension YAMLType where Value: RawRepresentable<String> & CaseIterable {
    /// One of the words of an enumeration.
    public static var word: YAMLType<Value> {
        let words = YAMLType<String>.word(Value.allCases.map(\.rawValue))
        return YAMLType<Value>(words.schema) { node, problems in
            words.read(node, &problems).flatMap { Value(rawValue: $0) }
        }
    }
}

extension YAMLType where Value == Bool {
    /// `true` or `false`.
    public static var flag: YAMLType<Bool> {
        YAMLType<Bool>(.flag) { node, problems in
            switch node.content {
            case .scalar("true", false): return true
            case .scalar("false", false): return false
            default:
                problems.add(node.place, "this must be true or false, not \(node.noun)")
                return nil
            }
        }
    }
}

extension YAMLType where Value == Int {
    /// A whole number, in decimal digits.
    public static func integer(_ range: ClosedRange<Int>) -> YAMLType<Int> {
        YAMLType<Int>(.integer(range)) { node, problems in
            let wanted =
                range.upperBound == .max
                ? "a whole number from \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            guard let text = node.scalar(wanted, &problems) else { return nil }
            if let number = Int(text), range.contains(number) { return number }
            problems.add(node.place, "\(node.noun) must be \(wanted)")
            return nil
        }
    }

    /// Bytes, as "256MiB"; a whole number alone is bytes.
    public static func size(_ range: ClosedRange<Int>) -> YAMLType<Int> {
        let text = YAMLSchema.text(
            pattern: "^[0-9]+([kKmMgGtT]?([iI]?[bB])?)$", examples: ["256MiB", "10GB"])
        return YAMLType<Int>(.any([text, .integer(range)])) { node, problems in
            let wanted = "a size such as 256MiB or 10GB"
            guard let text = node.scalar(wanted, &problems) else { return nil }
            guard let byteCount = ByteSize.parse(text) else {
                problems.add(node.place, "\(node.noun) must be \(wanted)")
                return nil
            }
            if range.contains(byteCount) { return byteCount }
            problems.add(
                node.place,
                byteCount < range.lowerBound
                    ? "\(node.noun) is too small; give at least \(ByteSize.text(range.lowerBound))"
                    : "\(node.noun) is too large; give at most \(ByteSize.text(range.upperBound))")
            return nil
        }
    }
}

extension YAMLType where Value == Double {
    /// A number, with a point or not.
    public static func number(_ range: ClosedRange<Double>) -> YAMLType<Double> {
        YAMLType<Double>(.number(range)) { node, problems in
            let wanted = "a number from \(range.lowerBound) to \(range.upperBound)"
            guard let text = node.scalar(wanted, &problems) else { return nil }
            if let number = Double(text), range.contains(number) { return number }
            problems.add(node.place, "\(node.noun) must be \(wanted)")
            return nil
        }
    }

    /// A share as "10%"; 0.1 then.
    public static var share: YAMLType<Double> {
        parsed("a share such as 10%", pattern: "^[0-9.]+ ?%$", examples: ["10%"]) { text in
            guard text.hasSuffix("%") else { return nil }
            var digits = text.dropLast()
            while digits.last == " " { digits.removeLast() }
            guard let percent = Double(digits), (0...100).contains(percent) else { return nil }
            return percent / 100
        }
    }
}

extension YAMLType where Value == Duration {
    /// A span of time, as "90s", "30m", "12h", "7d" or "4w".
    public static func duration(_ range: ClosedRange<Duration>) -> YAMLType<Duration> {
        let schema = YAMLSchema.text(
            pattern: "^([0-9]+(s|m|h|d|w))+$", examples: ["90s", "30m", "12h", "7d"])
        return YAMLType<Duration>(schema) { node, problems in
            let wanted = "a span of time such as 90s, 30m, 12h, 7d or 4w"
            guard let text = node.scalar(wanted, &problems) else { return nil }
            guard let duration = TimeSpan.parse(text) else {
                problems.add(node.place, "\(node.noun) must be \(wanted)")
                return nil
            }
            if range.contains(duration) { return duration }
            problems.add(
                node.place,
                "\(node.noun) must be from \(TimeSpan.text(range.lowerBound)) to \(TimeSpan.text(range.upperBound))"
            )
            return nil
        }
    }
}

extension YAMLType {
    /// A text that `parse` understands; `wanted` tells what it takes, as "a size such as 1GiB".
    public static func parsed(
        _ wanted: String, pattern: String? = nil, examples: [String] = [],
        _ parse: @escaping @Sendable (String) -> Value?
    ) -> YAMLType<Value> {
        YAMLType<Value>(.text(pattern: pattern, examples: examples)) { node, problems in
            guard let text = node.scalar(wanted, &problems) else { return nil }
            if let value = parse(text) { return value }
            problems.add(node.place, "\(node.noun) must be \(wanted)")
            return nil
        }
    }

    /// A text that `parse` understands or refuses with an error that says why.
    public static func checked(
        _ wanted: String, examples: [String] = [],
        _ parse: @escaping @Sendable (String) throws -> Value
    ) -> YAMLType<Value> {
        YAMLType<Value>(.text(pattern: nil, examples: examples)) { node, problems in
            guard let text = node.scalar(wanted, &problems) else { return nil }
            do { return try parse(text) } catch {
                problems.add(node.place, "\(error)")
                return nil
            }
        }
    }
}
