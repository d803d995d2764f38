// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Everything that decides which root CID a tree gets, resolved and checked.
///
/// Equal options give equal roots for equal trees. Made from a profile and what the user asked
/// for by ``init(profile:overrides:)``.
public struct DAGOptions: Hashable, Sendable {
    /// The largest ``inlineLimit``, in bytes: the longest identity digest (IPIP-512).
    public static let inlineLimitMaximum = Multihash.maximumDigestByteCount

    /// How files are cut.
    public internal(set) var chunker: ChunkerSpec
    /// How the chunks of a file are arranged.
    public internal(set) var layout: FileLayout
    /// The most links in an inner block of a file; at least 2, or 1 under the trickle layout.
    public internal(set) var maxLinks: Int
    /// Whether leaves are the bare chunk under the raw codec.
    public internal(set) var rawLeaves: Bool
    /// The version of CIDs; raw and inlined blocks have version 1 in any case.
    public internal(set) var cidVersion: CID.Version
    /// The hash function of CIDs; sha2-256 if ``cidVersion`` is 0.
    public internal(set) var hash: HashFunction
    /// Blocks of at most this many bytes are held in their CID; nil for none.
    public internal(set) var inlineLimit: Int?
    /// When directories are sharded, and how.
    public internal(set) var directoryRules: DirectoryRules
    /// Whether the permissions of files and directories are stored.
    public internal(set) var preserveMode: Bool
    /// Whether modification times are stored.
    public internal(set) var preserveMtime: Bool
    /// The permissions to store on every file and directory, in the low nine bits; nil for none.
    ///
    /// Zero is written on directories only, as Kubo does.
    public internal(set) var mode: UInt32?
    /// The modification time to store on every entry; nil for none.
    public internal(set) var mtime: UnixFSTimestamp?
    /// Whether empty directories below the root are kept.
    public internal(set) var includeEmptyDirectories: Bool

    init(
        chunker: ChunkerSpec, maxLinks: Int, rawLeaves: Bool, cidVersion: CID.Version,
        directoryRules: DirectoryRules
    ) {
        self.chunker = chunker
        self.layout = .balanced
        self.maxLinks = maxLinks
        self.rawLeaves = rawLeaves
        self.cidVersion = cidVersion
        self.hash = .sha2_256
        self.inlineLimit = nil
        self.directoryRules = directoryRules
        self.preserveMode = false
        self.preserveMtime = false
        self.mode = nil
        self.mtime = nil
        self.includeEmptyDirectories = true
    }

    /// Buckets of a HAMT shard: a power of two in 8...1024.
    public var hamtFanout: Int { directoryRules.fanout }

    /// A directory whose estimate in bytes is over this is sharded; nil if size never decides.
    public var hamtThreshold: Int? { directoryRules.hamtThreshold }

    /// How the size of a directory is estimated.
    public var hamtEstimator: DirectoryRules.Estimator { directoryRules.estimator }

    /// A directory with more entries is sharded; nil if their number never decides.
    public var maxDirectoryLinks: Int? { directoryRules.maxDirectoryLinks }

    /// Whether any entry may carry a mode or a modification time.
    public var storesMetadata: Bool {
        preserveMode || preserveMtime || mode != nil || mtime != nil
    }

    /// What to store about an entry of the source.
    ///
    /// `permissions` are the low twelve bits of `st_mode`, more bits are ignored; give nil for
    /// what has no status of its own, such as standard input. A fixed mode or time goes before
    /// the entry's own. Kubo's rules for zero and for symlinks apply, see
    /// ``UnixFSMetadata/preserved(mode:mtime:of:)``.
    public func metadata(
        _ kind: UnixFSMetadata.Kind, permissions: UInt32?, modified: UnixFSTimestamp?
    ) -> UnixFSMetadata {
        UnixFSMetadata.preserved(
            mode: mode ?? (preserveMode ? permissions : nil),
            mtime: mtime ?? (preserveMtime ? modified : nil), of: kind)
    }
}
