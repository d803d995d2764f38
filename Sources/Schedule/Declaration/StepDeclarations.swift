// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Lifecycle
public import Repository

/// The section `retention`: which snapshots of the pipeline stay after a run.
public struct RetentionStep: Hashable, Sendable {
    /// The rules.
    public var policy = RetentionPolicy()

    static let yaml = YAMLObject(
        "retention", empty: { RetentionStep() }, keys: countKeys + otherKeys
    ) { step, node, problems in
        if step.policy.isEmpty {
            problems.add(
                node.place,
                "retention without a rule would keep nothing; give one, such as keep-daily: 7, or remove the section"
            )
        }
    }

    private static let countKeys: [YAMLKey<RetentionStep>] =
        RetentionPolicy.Period.allCases.map { period in
            YAMLKey(
                "keep-\(period.rawValue)", setting: bound,
                period == .last
                    ? "So many of the newest snapshots stay, or unlimited."
                    : "The last snapshot of so many \(noun(of: period)) stays, or unlimited."
            ) { $0.policy.rules.append(.init(period, $1)) }
        }

    private static let otherKeys: [YAMLKey<RetentionStep>] = [
        YAMLKey("keep-within", setting: span, "All snapshots of that time before the newest stay.")
        {
            $0.policy.rules.append(.init(.last, .within($1)))
        },
        YAMLKey(
            "keep-tags",
            setting: YAMLType<String>.text("a tag, or tags joined by commas").oneOrMore(),
            "Snapshots with that tag, or with all of those joined by commas, stay."
        ) { $0.policy.tags += $1.map { $0.split(separator: ",").map(String.init) } },
    ]

    private static let bound = YAMLType<RetentionPolicy.Bound>(
        .any([.integer(1...1_000_000), .word(["unlimited"])])
    ) { node, problems in
        if case .scalar("unlimited", _) = node.content { return .unlimited }
        return YAMLType<Int>.integer(1...1_000_000).read(node, &problems).map { .count($0) }
    }

    private static let span = YAMLType<CalendarDuration>.parsed(
        "a span of time such as 30d or 1y6m", examples: ["30d", "1y6m"]
    ) { CalendarDuration($0) }

    private static func noun(of period: RetentionPolicy.Period) -> String {
        switch period {
        case .last: "snapshots"
        case .hourly: "hours"
        case .daily: "days"
        case .weekly: "weeks"
        case .monthly: "months"
        case .yearly: "years"
        }
    }
}

/// The section `gc`: whether garbage is collected after a run.
public struct CollectionStep: Hashable, Sendable {
    /// When it is collected.
    public enum Occasion: String, CaseIterable, Hashable, Sendable {
        /// After a run whose retention forgot a snapshot.
        case afterForget = "after-forget"
        /// After each run.
        case always
    }

    /// When.
    public var occasion = Occasion.afterForget
    /// How; what it leaves out is looked up in the repository's `config.yaml`.
    public var config = CollectionConfig()

    static let yaml = YAMLObject("gc", empty: { CollectionStep() }, keys: keys) {
        step, node, problems in
        CollectionConfig.check(&step.config, node, &problems)
    }

    private static let keys: [YAMLKey<CollectionStep>] =
        [
            YAMLKey(
                "when", \.occasion, .word, standard: "after-forget",
                "after-forget: if the retention took a snapshot away; always: after each run.")
        ] + CollectionConfig.keys.map { $0.within(\.config) }
}

/// The section `tiers`: what is moved after a run.
public struct TieringStep: Hashable, Sendable {
    /// Whether packs go where the rules of `config.yaml` send them.
    public var appliesRules = true
    /// Rules for what this pipeline's snapshots alone reach.
    public var rules: [Rule] = []

    /// A rule, and where the packs go for which it holds.
    public struct Rule: Hashable, Sendable {
        /// The tier, one of `config.yaml`.
        public var tier: PackTier = .hot
        /// When packs go there.
        public var rule = TierRule()

        static let yaml = YAMLObject("a rule", empty: { Rule() }, keys: keys) {
            step, node, problems in
            TierRule.check(&step.rule, node, &problems)
        }

        private static let keys: [YAMLKey<Rule>] =
            [
                YAMLKey(
                    "to", \.tier, target, isRequired: true, "The tier, as config.yaml names it.")
            ] + TierRule.ownKeys.map { $0.within(\.rule) }

        private static let target = YAMLType<PackTier>.parsed("a tier other than hot and cache") {
            PackTier($0).flatMap { [.hot, .cache].contains($0) ? nil : $0 }
        }
    }

    static let yaml = YAMLObject("tiers", empty: { TieringStep() }, keys: keys)

    private static let keys: [YAMLKey<TieringStep>] = [
        YAMLKey(
            "apply-rules", \.appliesRules, .flag, standard: "true",
            "Whether packs go where the rules of the tiers in config.yaml send them."),
        YAMLKey(
            "rules", \.rules, Rule.yaml.type.list(least: 1),
            "Rules for packs that only snapshots of this pipeline reach."),
    ]
}

/// The section `verify`: how much of the store is checked after a run.
public struct VerificationStep: Hashable, Sendable {
    /// The share of the packs, 0 to 1; those unchecked for longest come first.
    public var sample = 1.0
    /// How long it may take; nil for as long as it takes.
    public var budget: Duration?
    /// Packs that were checked within this time are passed over.
    public var uncheckedFor: Duration?

    static let yaml = YAMLObject("verify", empty: { VerificationStep() }, keys: keys)

    private static let keys: [YAMLKey<VerificationStep>] = [
        YAMLKey(
            "sample", \.sample, .share, standard: "100%",
            "The share of the packs that is read; those unchecked for longest come first."),
        YAMLKey(
            "budget", optional: \.budget, .duration(.seconds(1) ... .seconds(7 * 86_400)),
            standard: "no limit", "How long the checking may take; the next run goes on."),
        YAMLKey(
            "unchecked-for", optional: \.uncheckedFor,
            .duration(.zero ... .seconds(3660 * 86_400)), standard: "0",
            "Packs that were checked within this time are passed over."),
    ]
}
