// SPDX-License-Identifier: Apache-2.0

/// A mapping with known keys, read into a `Root`.
///
/// ```swift
/// static let yaml = YAMLObject("gc", empty: { GCConfig() }, keys: keys)
/// private static let keys: [YAMLKey<GCConfig>] = [
///     YAMLKey("threshold", \.threshold, .share, standard: "50%",
///         "Packs with a smaller live share are rewritten."),
///     YAMLKey("max-repack", optional: \.maximumRepack, .size(0...Int.max),
///         "Bytes of packs that one run rewrites at most."),
/// ]
/// ```
public struct YAMLObject<Root: Sendable>: Sendable {
    /// What messages call it; empty for the file as a whole.
    public let name: String
    /// The keys, in the order in which they are explained.
    public let keys: [YAMLKey<Root>]
    private let empty: @Sendable () -> Root
    private let check: @Sendable (inout Root, YAMLNode, inout YAMLProblems) -> Void

    /// Describes a mapping.
    ///
    /// - Parameters:
    ///   - empty: what no key gives.
    ///   - check: sees whether the values fit together; is called when each is right by itself.
    public init(
        _ name: String, empty: @escaping @Sendable () -> Root, keys: [YAMLKey<Root>],
        check: @escaping @Sendable (inout Root, YAMLNode, inout YAMLProblems) -> Void = { _, _, _ in
        }
    ) {
        self.name = name
        self.keys = keys
        self.empty = empty
        self.check = check
    }

    /// The mapping as a type, for keys that hold one.
    public var type: YAMLType<Root> {
        YAMLType<Root>(schema) { node, problems in read(node, &problems) }
    }

    /// What is taken.
    public var schema: YAMLSchema { .object(keys.map(\.property)) }

    /// Reads the whole of a file.
    ///
    /// - Throws: ``YAMLError`` with all that is wrong.
    public func read(_ node: YAMLNode) throws(YAMLError) -> Root { try type.read(node) }

    private func read(_ node: YAMLNode, _ problems: inout YAMLProblems) -> Root? {
        guard case .mapping(let entries) = node.content else {
            let what = name.isEmpty ? "the file" : name
            problems.add(
                node.place,
                "\(what) must hold keys and values, not \(node.noun); known keys are \(names.joined(separator: ", "))"
            )
            return nil
        }
        var root = empty()
        var found = YAMLProblems()
        var meant: Set<String> = []
        for entry in entries {
            guard let key = keys.first(where: { $0.property.name == entry.key }) else {
                let scope = name.isEmpty ? "" : " in \(name)"
                if let near = NearestWord.of(entry.key, in: names) { meant.insert(near) }
                found.add(
                    entry.place,
                    "unknown key \(entry.key.prefix(80))\(scope); \(NearestWord.advice(entry.key, in: names))"
                )
                continue
            }
            if case .nothing = entry.value.content {
                found.add(
                    entry.place, "\(entry.key) has no value; give one, or remove the key")
                continue
            }
            key.set(entry.value, &root, &found)
        }
        // A required key that was mistyped is told of once.
        for key in keys where key.property.isRequired && !meant.contains(key.property.name) {
            if !entries.contains(where: { $0.key == key.property.name }) {
                let scope = name.isEmpty ? "" : " in \(name)"
                found.add(
                    node.place,
                    "the key \(key.property.name) is missing\(scope): \(key.property.summary)")
            }
        }
        if found.isEmpty { check(&root, node, &found) }
        for problem in found.list { problems.add(problem.place, problem.message) }
        return found.isEmpty ? root : nil
    }

    private var names: [String] { keys.map(\.property.name) }
}

/// A key of a ``YAMLObject``.
public struct YAMLKey<Root: Sendable>: Sendable {
    let property: YAMLSchema.Property
    let set: @Sendable (YAMLNode, inout Root, inout YAMLProblems) -> Void

    /// A key whose value goes to `property`.
    ///
    /// - Parameters:
    ///   - standard: what holds without the key, as it would be written.
    ///   - summary: what it means, a sentence.
    public init<Value>(
        _ name: String, _ property: any WritableKeyPath<Root, Value> & Sendable,
        _ type: YAMLType<Value>, isRequired: Bool = false, standard: String? = nil,
        _ summary: String
    ) {
        self.init(name, setting: type, isRequired: isRequired, standard: standard, summary) {
            $0[keyPath: property] = $1
        }
    }

    /// A key whose value goes to an optional `property`.
    public init<Value>(
        _ name: String, optional property: any WritableKeyPath<Root, Value?> & Sendable,
        _ type: YAMLType<Value>, isRequired: Bool = false, standard: String? = nil,
        _ summary: String
    ) {
        self.init(name, setting: type, isRequired: isRequired, standard: standard, summary) {
            $0[keyPath: property] = $1
        }
    }

    /// A key whose value `set` puts where it belongs.
    public init<Value>(
        _ name: String, setting type: YAMLType<Value>, isRequired: Bool = false,
        standard: String? = nil, _ summary: String,
        set: @escaping @Sendable (inout Root, Value) -> Void
    ) {
        property = YAMLSchema.Property(
            name: name, summary: summary, standard: standard, isRequired: isRequired,
            schema: type.schema)
        self.set = { node, root, problems in
            if let value = type.read(node, &problems) { set(&root, value) }
        }
    }

    private init(
        _ property: YAMLSchema.Property,
        _ set: @escaping @Sendable (YAMLNode, inout Root, inout YAMLProblems) -> Void
    ) {
        self.property = property
        self.set = set
    }

    /// The same key for what holds a `Root`.
    public func within<Outer>(
        _ path: any WritableKeyPath<Outer, Root> & Sendable
    ) -> YAMLKey<Outer> {
        YAMLKey<Outer>(property) { [set] node, outer, problems in
            set(node, &outer[keyPath: path], &problems)
        }
    }
}
