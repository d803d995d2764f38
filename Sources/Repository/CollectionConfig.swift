// SPDX-License-Identifier: Apache-2.0

/// How garbage is collected, as far as it is said: the section `gc` of `config.yaml` and of
/// pipelines.
///
/// The keys are named as the options of `cairn gc`; what is nil is left to the program.
public struct CollectionConfig: Hashable, Sendable {
    /// Packs of which less than this share lives are rewritten, 0 to 1.
    public var repackBelow: Double?
    /// Bytes that are written into new packs at most.
    public var repackByteLimit: Int?
    /// Whether packs of other tiers are rewritten, too.
    public var repacksCold: Bool?
    /// Packs that take fewer bytes are merged.
    public var mergeBelow: Int?
    /// How long the packs of a run that did not end are left alone.
    public var keepsUnfinished: Duration?
    /// How long to wait for another collection, and for sessions that began before.
    public var wait: Duration?
    /// Bytes that are read and written in a second at most.
    public var bytesPerSecond: Int?
    /// Collections that are not made by hand begin only if less than this is free.
    public var freeBelow: SpaceAmount?
    /// Collections that are not made by hand begin only if the hot tier takes more than this.
    public var storedAbove: SpaceAmount?
    /// The other mark: how much is to be free, or stored, when rewriting ends.
    public var until: SpaceAmount?

    /// Says nothing.
    public init() {}

    /// Whether a mark is set.
    public var hasMark: Bool { freeBelow != nil || storedAbove != nil }

    /// The same with what `other` says where this says nothing; marks go together.
    public func filled(from other: CollectionConfig) -> CollectionConfig {
        var filled = self
        filled.repackBelow = repackBelow ?? other.repackBelow
        filled.repackByteLimit = repackByteLimit ?? other.repackByteLimit
        filled.repacksCold = repacksCold ?? other.repacksCold
        filled.mergeBelow = mergeBelow ?? other.mergeBelow
        filled.keepsUnfinished = keepsUnfinished ?? other.keepsUnfinished
        filled.wait = wait ?? other.wait
        filled.bytesPerSecond = bytesPerSecond ?? other.bytesPerSecond
        if !hasMark {
            filled.freeBelow = other.freeBelow
            filled.storedAbove = other.storedAbove
            filled.until = other.until
        }
        return filled
    }
}

extension CollectionConfig {
    static let yaml = YAMLObject("gc", empty: { CollectionConfig() }, keys: keys, check: check)

    /// The keys, for the sections that have them.
    public static let keys: [YAMLKey<CollectionConfig>] = copyKeys + paceKeys + markKeys

    private static let copyKeys: [YAMLKey<CollectionConfig>] = [
        YAMLKey(
            "repack-below", optional: \.repackBelow, .share, standard: "50%",
            "Packs with a smaller living share are rewritten."),
        YAMLKey(
            "max-repack", optional: \.repackByteLimit, .size(0...Int.max), standard: "no limit",
            "Bytes that are written into new packs at most."),
        YAMLKey(
            "repack-cold", optional: \.repacksCold, .flag, standard: "false",
            "Whether packs in tiers other than hot are rewritten, too, which reads them back."),
        YAMLKey(
            "merge-below", optional: \.mergeBelow, .size(0...Int.max), standard: "16MiB",
            "Packs that take fewer bytes are merged once there are many; 0 merges none."),
    ]

    private static let paceKeys: [YAMLKey<CollectionConfig>] = [
        YAMLKey(
            "keep-unfinished", optional: \.keepsUnfinished,
            .duration(.zero ... .seconds(366 * 86_400)), standard: "24h",
            "How long the packs of a run that did not end are left alone."),
        YAMLKey(
            "wait", optional: \.wait, .duration(.zero ... .seconds(7 * 86_400)),
            "How long to wait for another collection and for ingests that began before."),
        YAMLKey(
            "io-limit", optional: \.bytesPerSecond, .size(1024...1 << 40), standard: "no limit",
            "Bytes that are read and written in a second at most."),
    ]

    private static let markKeys: [YAMLKey<CollectionConfig>] = [
        YAMLKey(
            "if-free-below", optional: \.freeBelow, .space,
            "Only if less than this is free where the hot tier lies: a size, or a share."),
        YAMLKey(
            "if-above", optional: \.storedAbove, .space,
            "Only if the packs of the hot tier take more than this."),
        YAMLKey(
            "until", optional: \.until, .space,
            "Rewrite only until so much is free, or stored; as much as can be, if left out."),
    ]

    /// Sees whether the marks fit together.
    public static func check(
        _ config: inout CollectionConfig, _ node: YAMLNode, _ problems: inout YAMLProblems
    ) {
        if config.freeBelow != nil, config.storedAbove != nil {
            problems.add(node.place, "if-free-below and if-above exclude each other; remove one")
        }
        guard let until = config.until else { return }
        guard let mark = config.freeBelow ?? config.storedAbove else {
            return problems.add(node.place, "until needs if-free-below or if-above beside it")
        }
        guard let order = compare(until, mark) else { return }
        if config.freeBelow != nil, order < 0 {
            problems.add(node.place, "until must not be less than if-free-below")
        } else if config.storedAbove != nil, order > 0 {
            problems.add(node.place, "until must not be more than if-above")
        }
    }

    /// Less than 0 if `one` is less; nil for a size and a share, which only a disk makes comparable.
    private static func compare(_ one: SpaceAmount, _ other: SpaceAmount) -> Double? {
        switch (one, other) {
        case (.bytes(let one), .bytes(let other)): Double(one) - Double(other)
        case (.share(let one), .share(let other)): one - other
        default: nil
        }
    }
}
