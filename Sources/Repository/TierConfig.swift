// SPDX-License-Identifier: Apache-2.0

public import BlockStore

/// One tier of the section `tiers` of `config.yaml`: a place for packs besides `hot` and `cache`.
public struct TierConfig: Hashable, Sendable {
    /// What keeps the packs.
    public enum Backend: Hashable, Sendable {
        /// A directory, as on another disk.
        case directory(String)
        /// A bucket.
        case bucket(BucketConfig)
    }

    /// The tier's name.
    public var tier: PackTier
    /// What keeps its packs.
    public var backend: Backend
    /// The kinds of packs that may lie here.
    ///
    /// Default: leaves; of a mirror all. Packs of nodes stay hot, so that `nodes` can only be
    /// mirrored.
    public var kinds: Set<PackKind>
    /// The tiers whose packs have a copy here; empty if this tier is no mirror.
    public var mirrorOf: [PackTier] = []
    /// Which packs come here from `hot`; any one rule is enough.
    public var rules: [TierRule] = []
    /// Where it is written, for messages: "PATH:LINE".
    public var place: String

    /// Describes a tier.
    public init(
        _ tier: PackTier, _ backend: Backend, kinds: Set<PackKind> = [.leaves], place: String = ""
    ) {
        self.tier = tier
        self.backend = backend
        self.kinds = kinds
        self.place = place
    }

    /// Where the packs lie, for people: never with credentials.
    public var location: String {
        switch backend {
        case .directory(let path): path
        case .bucket(let bucket):
            "\(bucket.endpoint.map { $0 + "/" } ?? "s3://")\(bucket.bucket)/\(bucket.prefix)"
        }
    }
}

/// When packs go from `hot` to a long-term tier: all conditions must hold.
public struct TierRule: Hashable, Sendable {
    /// The pack was written at least so long ago, in milliseconds.
    public var olderThanMilliseconds: Int64?
    /// No block of it was read for so long, in milliseconds; writing it counts as a read.
    public var unreadForMilliseconds: Int64?
    /// Its file has at least so many bytes.
    public var minimumByteCount: Int64?
    /// All snapshots and pins that reach it have one of these tags or names.
    public var tags: [String] = []
    /// No snapshot or pin that reaches it has one of these tags or names.
    public var withoutTags: [String] = []
    /// No block of it is reached by the newest snapshot of any source.
    public var isBeforeLatest = false
    /// Only once `hot` holds more than the first number of bytes, and only until it holds no more
    /// than the second; packs that were not read for longest go first.
    public var watermark: Watermark?

    /// Bytes of `hot` at which packs begin to go, and at which they stop.
    public struct Watermark: Hashable, Sendable {
        /// Packs go once `hot` holds more.
        public var above: Int64
        /// Packs go until `hot` holds no more.
        public var until: Int64

        /// Pairs the two.
        public init(above: Int64, until: Int64) {
            self.above = above
            self.until = until
        }
    }

    /// A rule without conditions, which holds for every pack.
    public init() {}

    /// Whether it must be known which snapshots reach a pack.
    public var needsReach: Bool { !tags.isEmpty || !withoutTags.isEmpty || isBeforeLatest }
}

/// A bucket of an S3-compatible service, as configured.
public struct BucketConfig: Hashable, Sendable {
    /// "https://host" or "http://host:port"; nil for Amazon's of the region.
    public var endpoint: String?
    /// The region to sign for.
    ///
    /// Default `us-east-1`.
    public var region = "us-east-1"
    /// The bucket's name.
    public var bucket: String
    /// What all keys begin with, with a slash at its end; empty for none.
    public var prefix = ""
    /// Whether the bucket's name goes in the path rather than in the host's name.
    ///
    /// Default: true where an endpoint is given.
    public var usesPathStyle: Bool?
    /// The storage class of new objects; nil for the service's default.
    public var storageClass: String?
    /// The profile of the shared credentials file.
    public var profile: String?
    /// Where that file lies; nil for `~/.aws/credentials`.
    public var credentialsFile: String?
    /// Whether a service that is not on this machine may be spoken to without encryption.
    public var allowsPlainHTTP = false
    /// A PEM file with the authorities to trust instead of the system's; nil for those.
    public var certificateAuthorities: String?
    /// The key pair, if it is written in the configuration.
    public var credentials: Credentials?

    /// A key pair; its text form hides the secret.
    public struct Credentials: Hashable, Sendable, CustomStringConvertible,
        CustomDebugStringConvertible
    {
        /// The access key's name.
        public var accessKeyID: String
        /// What it signs with.
        public var secretAccessKey: String

        /// The name alone.
        public var description: String { accessKeyID }
        /// The name alone.
        public var debugDescription: String { accessKeyID }
    }

    /// The bucket of that name.
    public init(bucket: String) { self.bucket = bucket }
}
