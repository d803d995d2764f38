// SPDX-License-Identifier: Apache-2.0

/// How a value is read from YAML: one description from which both the check and the JSON Schema
/// come, so that they cannot drift apart.
public struct YAMLType<Value: Sendable>: Sendable {
    /// What is taken.
    public let schema: YAMLSchema
    private let body: @Sendable (YAMLNode, inout YAMLProblems) -> Value?

    /// A type of which `read` gives the value, or takes down what is wrong and gives nil.
    public init(
        _ schema: YAMLSchema,
        read: @escaping @Sendable (YAMLNode, inout YAMLProblems) -> Value?
    ) {
        self.schema = schema
        body = read
    }

    /// The value of `node`; nil if it is none, which is then in `problems`.
    public func read(_ node: YAMLNode, _ problems: inout YAMLProblems) -> Value? {
        body(node, &problems)
    }

    /// The value of `node`.
    ///
    /// - Throws: ``YAMLError`` with all that is wrong.
    public func read(_ node: YAMLNode) throws(YAMLError) -> Value {
        var problems = YAMLProblems()
        let value = read(node, &problems)
        try problems.check()
        guard let value else { throw YAMLError(node.place, "this cannot be read") }
        return value
    }

    /// The same with each value passed through `transform`.
    public func map<Other>(
        _ transform: @escaping @Sendable (Value) -> Other
    ) -> YAMLType<Other> {
        YAMLType<Other>(schema) { node, problems in read(node, &problems).map(transform) }
    }

    /// The same, each value with its place.
    public var placed: YAMLType<YAMLPlaced<Value>> {
        YAMLType<YAMLPlaced<Value>>(schema) { node, problems in
            read(node, &problems).map { YAMLPlaced(value: $0, place: node.place) }
        }
    }

    /// A list of such values.
    ///
    /// - Parameter least: how many there must be.
    public func list(least: Int = 0) -> YAMLType<[Value]> {
        YAMLType<[Value]>(.list(schema, least: least)) { node, problems in
            guard case .list(let items) = node.content else {
                problems.add(
                    node.place, "this must be a list, not \(node.noun); write [a, b], or - items")
                return nil
            }
            guard items.count >= least else {
                problems.add(node.place, "the list is empty; give at least \(least)")
                return nil
            }
            let values = items.compactMap { read($0, &problems) }
            return values.count == items.count ? values : nil
        }
    }

    /// A list of such values, or one of them alone.
    public func oneOrMore() -> YAMLType<[Value]> {
        let list = list(least: 1)
        return YAMLType<[Value]>(.any([schema, list.schema])) { node, problems in
            if case .list = node.content { return list.read(node, &problems) }
            return read(node, &problems).map { [$0] }
        }
    }

    /// A list of such values, or `word` for an empty one.
    public func list(orEmptyFor word: String) -> YAMLType<[Value]> {
        let list = list()
        return YAMLType<[Value]>(.any([list.schema, .word([word])])) { node, problems in
            if case .scalar(word, _) = node.content { return [] }
            guard case .list = node.content else {
                problems.add(node.place, "this must be a list, or \(word), not \(node.noun)")
                return nil
            }
            return list.read(node, &problems)
        }
    }

    /// Values by names of the user's own, in the order of the file.
    ///
    /// A name is 1 to 63 letters, digits, "-" or "_", and begins with a letter or digit.
    public func named() -> YAMLType<[YAMLNamed<Value>]> {
        let schema = YAMLSchema.named(schema, pattern: YAMLNames.pattern)
        return YAMLType<[YAMLNamed<Value>]>(schema) { node, problems in
            guard case .mapping(let entries) = node.content else {
                problems.add(node.place, "this must be names with values, not \(node.noun)")
                return nil
            }
            var values: [YAMLNamed<Value>] = []
            for entry in entries {
                guard YAMLNames.isValid(entry.key) else {
                    problems.add(
                        entry.place,
                        "\"\(entry.key.prefix(80))\" is no name; use 1 to 63 letters, digits, - or _"
                    )
                    continue
                }
                if let value = read(entry.value, &problems) {
                    values.append(YAMLNamed(name: entry.key, place: entry.place, value: value))
                }
            }
            return values.count == entries.count ? values : nil
        }
    }
}

/// A value, and where it was written.
public struct YAMLPlaced<Value: Sendable>: Sendable {
    /// The value.
    public let value: Value
    /// Where it begins.
    public let place: YAMLPlace
}

extension YAMLPlaced: Equatable where Value: Equatable {}
extension YAMLPlaced: Hashable where Value: Hashable {}

/// A value under a name of the user's own.
public struct YAMLNamed<Value: Sendable>: Sendable {
    /// The name.
    public let name: String
    /// Where the name was written.
    public let place: YAMLPlace
    /// The value.
    public let value: Value
}

extension YAMLNamed: Equatable where Value: Equatable {}
extension YAMLNamed: Hashable where Value: Hashable {}

/// Names that users give: to tiers and pipelines.
public enum YAMLNames {
    /// What a name matches, as a regular expression.
    public static let pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"

    /// Whether `text` is a name.
    public static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...63).contains(bytes.count), isLetterOrDigit(bytes[0]) else { return false }
        return bytes.allSatisfy {
            isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
