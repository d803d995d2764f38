// SPDX-License-Identifier: Apache-2.0

public import Repository

/// How a garbage collection goes about its work.
public struct CollectionOptions: Sendable {
    /// Packs whose living blocks are less than this share of their bytes are rewritten, 0 to 1.
    ///
    /// Default 0.5: below it, each byte that is written frees more than one, and a store never
    /// takes more than twice what lives in it. 0 rewrites none.
    public var repackBelow = 0.5
    /// Packs that take fewer bytes are small: once there are many of a kind and tier they are merged,
    /// whether anything in them is dead or not.
    ///
    /// Default 16 MiB: reading a pack of that size costs more than opening it, on any device. 0
    /// merges none.
    public var mergeBelow: Int64 = 16 << 20
    /// The most bytes to write into new packs; nil for no limit.
    ///
    /// Packs with the least living share come first, small ones that are merged last. Default nil.
    public var repackByteLimit: Int64?
    /// Whether packs of tiers other than hot are rewritten and merged, too, and not only deleted
    /// when wholly dead: that reads them back from where they lie.
    ///
    /// Default false.
    public var repacksCold = false
    /// For how long the packs of a run that ended without a snapshot are left alone, so that it
    /// can be run again and go on from what it stored.
    ///
    /// Default 24 hours.
    public var keepsUnfinished = Duration.seconds(86_400)
    /// How long to wait for another collection, and for sessions that began earlier.
    ///
    /// Default nil: not at all for another collection, as long as it takes for sessions.
    public var wait: Duration?
    /// The most bytes read and written in a second; nil for no limit.
    ///
    /// Default nil.
    public var bytesPerSecond: Int?
    /// How many bytes of files are to be freed by rewriting and deleting; nil for all that can be.
    ///
    /// Packs that are wholly dead always go; rewriting stops when enough is freed. Default nil.
    public var freeTarget: Int64?
    /// Whether what only lost nodes of incomplete snapshots link to is freed.
    ///
    /// What hangs on a node that is lost is not known; should the node be found again, it then lacks
    /// what was freed. Only losses count that a verification or repair has recorded. Default false:
    /// while such a node is lost, nothing is freed.
    public var givesUpLost = false
    /// Whether to say what would be freed, and change nothing.
    ///
    /// Default false.
    public var isDryRun = false

    /// The defaults.
    public init() {}

    /// What a configuration says, and the defaults for the rest.
    ///
    /// Its marks are for a ``Watermark``.
    public init(_ config: CollectionConfig) {
        repackBelow = config.repackBelow ?? repackBelow
        repackByteLimit = config.repackByteLimit.map { Int64($0) }
        repacksCold = config.repacksCold ?? repacksCold
        mergeBelow = config.mergeBelow.map { Int64($0) } ?? mergeBelow
        keepsUnfinished = config.keepsUnfinished ?? keepsUnfinished
        wait = config.wait
        bytesPerSecond = config.bytesPerSecond
    }
}
