// SPDX-License-Identifier: Apache-2.0

public import BlockStore

/// What the catalog knows of one pack.
public struct PackRecord: Hashable, Sendable {
    /// The pack's name.
    public var id: PackID
    /// What it holds.
    public var kind: PackKind
    /// Where it lies.
    public var tier: PackTier
    /// How many blocks it holds.
    public var blockCount: Int
    /// The bytes of its blocks, before compression.
    public var byteCount: Int64
    /// The size of its file or object, in bytes.
    public var storedByteCount: Int64
    /// When it was sealed, in milliseconds since 1970 (UTC).
    public var createdAtMilliseconds: Int64
    /// When each of its blocks last matched its multihash, in milliseconds since 1970 (UTC).
    public var verifiedAtMilliseconds: Int64?
    /// How many commits have reused its blocks; who removes a pack compares it.
    public var version: Int
    /// The session that committed it, until that has recorded its snapshot.
    public var sessionID: String?

    /// A record with each property given; a new pack is unverified and of version 0.
    public init(
        id: PackID, kind: PackKind, tier: PackTier, blockCount: Int, byteCount: Int64,
        storedByteCount: Int64, createdAtMilliseconds: Int64,
        verifiedAtMilliseconds: Int64? = nil, version: Int = 0, sessionID: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.tier = tier
        self.blockCount = blockCount
        self.byteCount = byteCount
        self.storedByteCount = storedByteCount
        self.createdAtMilliseconds = createdAtMilliseconds
        self.verifiedAtMilliseconds = verifiedAtMilliseconds
        self.version = version
        self.sessionID = sessionID
    }
}
