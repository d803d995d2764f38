// SPDX-License-Identifier: Apache-2.0

import BlockStore

extension TierConfig {
    /// The section `tiers`: names of the user's own, and what each tier is.
    static let section = YAMLType<[TierConfig]>(TierDraft.yaml.type.named().schema) {
        node, problems in
        guard let named = TierDraft.yaml.type.named().read(node, &problems) else { return nil }
        var tiers: [TierConfig] = []
        for entry in named {
            guard let tier = PackTier(entry.name), tier != .hot, tier != .cache else {
                problems.add(
                    entry.place,
                    "no tier can be named \(entry.name); take up to \(PackTier.maximumByteCount) of a-z, 0-9, - and _, and neither hot nor cache"
                )
                continue
            }
            if let config = entry.value.config(tier, entry.place, &problems) {
                tiers.append(config)
            }
        }
        let names = Set(tiers.map(\.tier) + [.hot])
        for (tier, entry) in zip(tiers, named) {
            for mirrored in tier.mirrorOf where !names.contains(mirrored) || mirrored == tier.tier {
                problems.add(
                    entry.place, "\(tier.tier) cannot mirror \(mirrored); name hot or another tier")
            }
        }
        return tiers
    }
}

/// A tier as it is written, before it is known whether its parts fit together.
private struct TierDraft: Sendable {
    var directory: String?
    var bucket: BucketConfig?
    var kinds: [PackKind]?
    var mirrorOf: [PackTier] = []
    var rules: [TierRule] = []

    static let yaml = YAMLObject("tiers", empty: { TierDraft() }, keys: keys)

    private static let keys: [YAMLKey<TierDraft>] = [
        YAMLKey(
            "directory", optional: \.directory, absolutePath,
            "The directory that keeps the packs, on another disk as a rule."),
        YAMLKey("s3", optional: \.bucket, BucketConfig.yaml.type, "The bucket that keeps them."),
        YAMLKey(
            "kinds", optional: \.kinds, YAMLType<PackKind>.word.oneOrMore(), standard: "leaves",
            "The kinds of packs that may lie here; a mirror takes all."),
        YAMLKey(
            "mirror-of", \.mirrorOf, mirrored.oneOrMore(),
            "Tiers whose packs have a further copy here."),
        YAMLKey(
            "rules", \.rules, TierRule.yaml.type.list(least: 1),
            "Which packs come here from hot; any one rule is enough."),
    ]

    private static let absolutePath = YAMLType<String>.parsed(
        "an absolute path, which begins with /", pattern: "^/"
    ) { $0.hasPrefix("/") ? $0 : nil }

    private static let mirrored = YAMLType<PackTier>.parsed("hot or another tier") {
        $0 == PackTier.cache.name ? nil : PackTier($0)
    }

    func config(
        _ tier: PackTier, _ place: YAMLPlace, _ problems: inout YAMLProblems
    ) -> TierConfig? {
        let backend: TierConfig.Backend
        switch (directory, bucket) {
        case (let path?, nil): backend = .directory(path)
        case (nil, let bucket?): backend = .bucket(bucket)
        case (nil, nil):
            problems.add(place, "\(tier) needs `directory: PATH` or `s3:` with a bucket")
            return nil
        case (_?, _?):
            problems.add(place, "\(tier) needs directory or s3, not both")
            return nil
        }
        guard mirrorOf.isEmpty || rules.isEmpty else {
            problems.add(
                place,
                "\(tier) has mirror-of and rules; a mirror takes all packs of what it mirrors")
            return nil
        }
        guard !mirrorOf.isEmpty || kinds?.contains(.nodes) != true else {
            problems.add(
                place, "packs of nodes stay hot; only a mirror (mirror-of) may hold them, too")
            return nil
        }
        let standard: [PackKind] = mirrorOf.isEmpty ? [.leaves] : PackKind.allCases
        var config = TierConfig(
            tier, backend, kinds: Set(kinds ?? standard), place: "\(place.path):\(place.line)")
        config.mirrorOf = mirrorOf
        config.rules = rules
        return config
    }
}

extension TierRule {
    fileprivate static let yaml = YAMLObject(
        "a rule", empty: { TierRule() }, keys: ownKeys + [tagsKey], check: check)

    /// Sees whether a rule says something, and nothing against itself.
    public static func check(
        _ rule: inout TierRule, _ node: YAMLNode, _ problems: inout YAMLProblems
    ) {
        if rule == TierRule() {
            problems.add(node.place, "a rule needs a condition, such as `older-than: 30d`")
        }
        if let mark = rule.watermark, mark.above < 0 {
            problems.add(node.place, "hot-until needs hot-above beside it")
        } else if let mark = rule.watermark, mark.until > mark.above {
            problems.add(node.place, "hot-until must not be more than hot-above")
        }
    }

    private static let tagsKey = YAMLKey<TierRule>(
        "tags", \.tags, YAMLType<String>.text.oneOrMore(),
        "All snapshots and pins that reach it have one of these tags or names.")

    /// The keys but `tags`, for rules that are about certain snapshots anyway.
    public static let ownKeys: [YAMLKey<TierRule>] = [
        YAMLKey(
            "older-than", optional: \.olderThanMilliseconds, age,
            "The pack was written so long ago."),
        YAMLKey(
            "unread-for", optional: \.unreadForMilliseconds, age,
            "No block of it was read or written for so long."),
        YAMLKey(
            "larger-than", optional: \.minimumByteCount, size,
            "Its file has at least so many bytes."),
        YAMLKey(
            "without-tags", \.withoutTags, YAMLType<String>.text.oneOrMore(),
            "None that reaches it has one of these."),
        YAMLKey(
            "before-latest", \.isBeforeLatest, .flag, standard: "false",
            "The newest snapshot of no source reaches it."),
        YAMLKey(
            "hot-above", setting: size, "Only once hot holds more than so many bytes."
        ) { rule, above in
            rule.watermark = Watermark(above: above, until: rule.watermark?.until ?? above)
        },
        YAMLKey(
            "hot-until", setting: size,
            "And only until it holds no more than so many; hot-above if left out."
        ) { rule, until in
            rule.watermark = Watermark(above: rule.watermark?.above ?? -1, until: until)
        },
    ]

    private static let age = YAMLType<Duration>.duration(.zero...(.seconds(31_536_000_000))).map {
        $0.components.seconds * 1_000
    }
    private static let size = YAMLType<Int>.size(0...Int.max).map { Int64($0) }
}

extension BucketConfig {
    fileprivate static let yaml = YAMLObject(
        "s3", empty: { BucketConfig(bucket: "") }, keys: keys,
        check: { bucket, node, problems in
            guard let credentials = bucket.credentials else { return }
            if credentials.accessKeyID.isEmpty || credentials.secretAccessKey.isEmpty {
                problems.add(
                    node.place,
                    "access-key-id and secret-access-key come together, or not at all")
            }
        })

    private static let keys: [YAMLKey<BucketConfig>] = [
        YAMLKey(
            "endpoint", optional: \.endpoint, endpoint,
            "The service, as https://host; Amazon's of the region if left out."),
        YAMLKey("region", \.region, .text, standard: "us-east-1", "The region to sign for."),
        YAMLKey("bucket", \.bucket, .text, isRequired: true, "The bucket's name."),
        YAMLKey("prefix", \.prefix, prefix, "What all keys begin with."),
        YAMLKey(
            "path-style", optional: \.usesPathStyle, .flag,
            "Whether the bucket's name goes in the path; with an endpoint it does unless told."),
        YAMLKey(
            "storage-class", optional: \.storageClass, .text, "The storage class of new objects."),
        YAMLKey(
            "allow-plain-http", \.allowsPlainHTTP, .flag, standard: "false",
            "Whether http is allowed to other machines: all can be read on its way."),
        YAMLKey(
            "certificate-authorities", optional: \.certificateAuthorities, .text,
            "A PEM file of authorities to trust instead of the system's."),
        YAMLKey("profile", optional: \.profile, .text, "The profile of the credentials file."),
        YAMLKey(
            "credentials-file", optional: \.credentialsFile, .text,
            standard: "~/.aws/credentials", "Where that file lies."),
        YAMLKey("access-key-id", setting: .text, "The access key; better kept in a profile.") {
            $0.credentials = Credentials(
                accessKeyID: $1, secretAccessKey: $0.credentials?.secretAccessKey ?? "")
        },
        YAMLKey("secret-access-key", setting: secret, "The secret key.") {
            $0.credentials = Credentials(
                accessKeyID: $0.credentials?.accessKeyID ?? "", secretAccessKey: $1)
        },
    ]

    /// A text that no message repeats.
    private static let secret = YAMLType<String>(.text(pattern: nil, examples: [])) {
        node, problems in
        if case .scalar(let text, _) = node.content, !text.isEmpty { return text }
        problems.add(node.place, "this must be a text")
        return nil
    }

    private static let endpoint = YAMLType<String>.parsed(
        "an address that begins with https:// or http://", pattern: "^https?://"
    ) { text in
        guard text.hasPrefix("https://") || text.hasPrefix("http://") else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private static let prefix = YAMLType<String>.parsed(
        "up to 200 of a-z, 0-9, /, . and -", pattern: "^[a-z0-9/.-]{1,200}$"
    ) { text in
        let trimmed = String(text.drop { $0 == "/" })
        let isPlain = trimmed.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, trimmed.utf8.count <= 200 else { return nil }
        return trimmed.isEmpty || trimmed.hasSuffix("/") ? trimmed : trimmed + "/"
    }
}
