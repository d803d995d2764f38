// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Yams

extension TierConfig {
    /// Parses the section `tiers`; what cannot be is refused with its line and a remedy.
    static func parse(_ node: Node, path: String) throws(RepositoryError) -> [TierConfig] {
        var tiers: [TierConfig] = []
        for (name, value, place) in try ConfigKeys(node, "tiers", path).pairs {
            guard let tier = PackTier(name), tier != .hot, tier != .cache else {
                throw ConfigKeys.bad(
                    place,
                    "no tier can be named \(name); take up to \(PackTier.maximumByteCount) of a-z, 0-9, - and _, and neither hot nor cache"
                )
            }
            tiers.append(try TierConfig(tier, value, path: path, place: place))
        }
        let names = Set(tiers.map(\.tier) + [.hot])
        for tier in tiers {
            for mirrored in tier.mirrorOf where !names.contains(mirrored) || mirrored == tier.tier {
                throw ConfigKeys.bad(
                    tier.place, "\(tier.tier) cannot mirror \(mirrored); name hot or another tier")
            }
        }
        return tiers
    }

    private init(
        _ tier: PackTier, _ node: Node, path: String, place: String
    ) throws(RepositoryError) {
        var backend: Backend?
        var kinds: Set<PackKind>?
        var mirrorOf: [PackTier] = []
        var rules: [TierRule] = []
        for (name, value, place) in try ConfigKeys(node, "\(tier)", path).pairs {
            switch name {
            case "directory", "s3":
                guard backend == nil else {
                    throw ConfigKeys.bad(place, "\(tier) needs directory or s3, not both")
                }
                backend =
                    name == "s3"
                    ? .bucket(try BucketConfig(value, path: path, place: place))
                    : .directory(try ConfigKeys.absolutePath(value, name, place))
            case "kinds":
                kinds = try Self.kinds(try ConfigKeys.words(value, name, place), place)
            case "mirror-of":
                mirrorOf = try Self.tiers(try ConfigKeys.words(value, name, place), place)
            case "rules":
                guard let items = value.sequence else {
                    throw ConfigKeys.bad(place, "rules must be a list")
                }
                for item in items { rules.append(try TierRule(item, path: path)) }
            default:
                throw ConfigKeys.unknown(
                    name, in: "\(tier)", place, ["directory", "s3", "kinds", "mirror-of", "rules"])
            }
        }
        guard let backend else {
            throw ConfigKeys.bad(place, "\(tier) needs `directory: PATH` or `s3:` with a bucket")
        }
        guard mirrorOf.isEmpty || rules.isEmpty else {
            throw ConfigKeys.bad(
                place, "\(tier) has mirror-of and rules; a mirror takes all packs of what it mirrors")
        }
        guard !mirrorOf.isEmpty || kinds?.contains(.nodes) != true else {
            throw ConfigKeys.bad(
                place, "packs of nodes stay hot; only a mirror (mirror-of) may hold them, too")
        }
        self.init(
            tier, backend, kinds: kinds ?? (mirrorOf.isEmpty ? [.leaves] : Set(PackKind.allCases)),
            place: place)
        self.mirrorOf = mirrorOf
        self.rules = rules
    }

    private static func kinds(
        _ words: [String], _ place: String
    ) throws(RepositoryError) -> Set<PackKind> {
        var kinds: Set<PackKind> = []
        for word in words {
            guard let kind = PackKind(rawValue: word) else {
                throw ConfigKeys.bad(place, "no kind of pack is called \(word); known are leaves, nodes")
            }
            kinds.insert(kind)
        }
        return kinds
    }

    private static func tiers(
        _ words: [String], _ place: String
    ) throws(RepositoryError) -> [PackTier] {
        var tiers: [PackTier] = []
        for word in words {
            guard let tier = PackTier(word), tier != .cache else {
                throw ConfigKeys.bad(place, "\(word) cannot be mirrored; name hot or another tier")
            }
            tiers.append(tier)
        }
        return tiers
    }
}

extension TierRule {
    fileprivate init(_ node: Node, path: String) throws(RepositoryError) {
        self.init()
        var above: Int64?
        var until: Int64?
        let keys = try ConfigKeys(node, "a rule", path)
        for (name, value, place) in keys.pairs {
            switch name {
            case "older-than": olderThanMilliseconds = try ConfigKeys.age(value, name, place)
            case "unread-for": unreadForMilliseconds = try ConfigKeys.age(value, name, place)
            case "larger-than": minimumByteCount = try ConfigKeys.size(value, name, place)
            case "tags": tags = try ConfigKeys.words(value, name, place)
            case "without-tags": withoutTags = try ConfigKeys.words(value, name, place)
            case "before-latest":
                guard let flag = value.bool else {
                    throw ConfigKeys.bad(place, "before-latest must be true or false")
                }
                isBeforeLatest = flag
            case "hot-above": above = try ConfigKeys.size(value, name, place)
            case "hot-until": until = try ConfigKeys.size(value, name, place)
            default:
                throw ConfigKeys.unknown(
                    name, in: "a rule", place,
                    [
                        "older-than", "unread-for", "larger-than", "tags", "without-tags",
                        "before-latest", "hot-above", "hot-until",
                    ])
            }
        }
        if keys.pairs.isEmpty {
            throw ConfigKeys.bad(keys.place, "a rule needs a condition, such as `older-than: 30d`")
        }
        switch (above, until) {
        case (nil, nil): break
        case (let above?, let until): watermark = Watermark(above: above, until: until ?? above)
        case (nil, _?): throw ConfigKeys.bad(keys.place, "hot-until needs hot-above beside it")
        }
        if let watermark, watermark.until > watermark.above {
            throw ConfigKeys.bad(keys.place, "hot-until must not be more than hot-above")
        }
    }
}

extension BucketConfig {
    fileprivate init(_ node: Node, path: String, place: String) throws(RepositoryError) {
        self.init(bucket: "")
        var keyID: String?
        var secret: String?
        for (name, value, place) in try ConfigKeys(node, "s3", path).pairs {
            switch name {
            case "path-style":
                guard let flag = value.bool else {
                    throw ConfigKeys.bad(place, "path-style must be true or false")
                }
                usesPathStyle = flag
                continue
            default: break
            }
            let word = try ConfigKeys.word(value, name, place)
            switch name {
            case "endpoint":
                guard word.hasPrefix("https://") || word.hasPrefix("http://") else {
                    throw ConfigKeys.bad(place, "endpoint must begin with https:// or http://")
                }
                endpoint = word.hasSuffix("/") ? String(word.dropLast()) : word
            case "region": region = word
            case "bucket": bucket = word
            case "prefix": prefix = try Self.prefix(word, place)
            case "storage-class": storageClass = word
            case "profile": profile = word
            case "credentials-file": credentialsFile = word
            case "access-key-id": keyID = word
            case "secret-access-key": secret = word
            default:
                throw ConfigKeys.unknown(
                    name, in: "s3", place,
                    [
                        "endpoint", "region", "bucket", "prefix", "path-style", "storage-class",
                        "profile", "credentials-file", "access-key-id", "secret-access-key",
                    ])
            }
        }
        guard !bucket.isEmpty else { throw ConfigKeys.bad(place, "s3 needs `bucket: NAME`") }
        switch (keyID, secret) {
        case (nil, nil): break
        case (let id?, let key?):
            credentials = Credentials(accessKeyID: id, secretAccessKey: key)
        default:
            throw ConfigKeys.bad(
                place, "access-key-id and secret-access-key come together, or not at all")
        }
    }

    private static func prefix(_ word: String, _ place: String) throws(RepositoryError) -> String {
        let trimmed = String(word.drop { $0 == "/" })
        let isPlain = trimmed.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, trimmed.utf8.count <= 200 else {
            throw ConfigKeys.bad(place, "prefix may have up to 200 of a-z, 0-9, /, . and -")
        }
        return trimmed.isEmpty || trimmed.hasSuffix("/") ? trimmed : trimmed + "/"
    }
}
