// SPDX-License-Identifier: Apache-2.0

/// Which blocks of a repository are announced.
public struct ProvideStrategy: OptionSet, Hashable, Sendable {
    /// The strategies that are chosen, as bits.
    public let rawValue: Int64

    /// Takes bits.
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// Every block: whatever a peer looks for is found at once.
    public static let all = ProvideStrategy(rawValue: 1 << 0)
    /// The roots of snapshots: the least that makes everything reachable from its root.
    public static let roots = ProvideStrategy(rawValue: 1 << 1)
    /// The roots of all files and directories under the roots of snapshots, not their inner blocks.
    public static let entities = ProvideStrategy(rawValue: 1 << 2)
    /// The records of snapshots.
    public static let snapshots = ProvideStrategy(rawValue: 1 << 3)

    private static let names: [(name: String, strategy: ProvideStrategy)] = [
        ("all", .all), ("snapshots", .snapshots), ("roots", .roots), ("entities", .entities),
    ]

    /// Parses names joined by `+`, as in `snapshots+roots`; nil for anything else.
    public init?(text: String) {
        var strategy: ProvideStrategy = []
        for name in text.split(separator: "+", omittingEmptySubsequences: false) {
            guard let named = Self.names.first(where: { $0.name == name }) else { return nil }
            strategy.insert(named.strategy)
        }
        self = strategy
    }
}

extension ProvideStrategy: CustomStringConvertible {
    /// The names joined by `+`.
    public var description: String {
        Self.names.filter { contains($0.strategy) }.map(\.name).joined(separator: "+")
    }
}
