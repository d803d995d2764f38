// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension DAGOptions {
    /// Resolves what the user asked for on top of a profile, as `ipfs add` of Kubo 0.43 does.
    ///
    /// Where Kubo tells a flag from a configured value, a profile counts as follows:
    /// - `--cid-version 1` turns raw leaves on unless `--no-raw-leaves` stands beside it, also
    ///   over `unixfs-v0-2015`. So does Kubo as installed, whose defaults that profile names;
    ///   after `ipfs config profile apply unixfs-v0-2015` it would not.
    /// - `--cid-version 0` leaves the profile's leaves as they are.
    /// - A hash other than sha2-256 needs CID version 1, whether version 0 comes from the user or
    ///   from the profile, as in Kubo with that profile applied.
    /// - Storing a mode or time turns raw leaves off if the profile set them, and is refused if
    ///   the user did. Kubo refuses both.
    ///
    /// A fixed mode or time goes before preserving it. Mode 0 and time 0 count as not given; of a
    /// mode the low nine bits are kept; a time that is Go's zero time (year one) is not stored
    /// but turns raw leaves off. An identity hash is accepted, and fails at the first block of more
    /// than 128 bytes, as in Kubo.
    ///
    /// - Throws: ``DAGOptionsError``.
    public init(
        profile: DAGProfile = .standard, overrides: DAGOverrides = DAGOverrides()
    ) throws(DAGOptionsError) {
        self = profile.options
        chunker = overrides.chunker ?? chunker
        layout = overrides.layout ?? layout
        maxLinks = overrides.maxLinks ?? maxLinks
        hash = overrides.hash ?? hash
        inlineLimit = overrides.inlineLimit
        includeEmptyDirectories = overrides.includeEmptyDirectories ?? true
        try resolveVersion(overrides)
        try resolveMetadata(overrides)
        directoryRules = try Self.rules(
            threshold: overrides.hamtThreshold ?? hamtThreshold,
            estimator: overrides.hamtEstimator ?? hamtEstimator,
            fanout: overrides.hamtFanout ?? hamtFanout,
            maxLinks: overrides.maxDirectoryLinks ?? maxDirectoryLinks)
        try validate()
    }

    private mutating func resolveVersion(
        _ overrides: DAGOverrides
    ) throws(DAGOptionsError) {
        if let number = overrides.cidVersion {
            switch number {
            case 0: cidVersion = .v0
            case 1:
                cidVersion = .v1
                rawLeaves = true
            default: throw .cidVersion(number)
            }
        }
        rawLeaves = overrides.rawLeaves ?? rawLeaves
    }

    private mutating func resolveMetadata(
        _ overrides: DAGOverrides
    ) throws(DAGOptionsError) {
        preserveMode = overrides.preserveMode ?? false
        preserveMtime = overrides.preserveMtime ?? false
        let requested =
            preserveMode || preserveMtime || (overrides.mode ?? 0) != 0
            || (overrides.mtime?.seconds ?? 0) != 0
        if requested {
            guard overrides.rawLeaves != true else { throw .rawLeavesWithMetadata }
            rawLeaves = false
        }
        if let mode = overrides.mode, mode != 0 {
            guard mode <= 0o7777 else { throw .mode(mode) }
            // Kubo takes the number for a Go file mode, where the upper three bits mean nothing.
            self.mode = mode & 0o777
            preserveMode = false
        }
        if let mtime = overrides.mtime {
            try resolve(mtime)
        }
    }

    private mutating func resolve(_ time: DAGOverrides.Mtime) throws(DAGOptionsError) {
        guard let nanoseconds = UInt32(exactly: time.nanoseconds), nanoseconds <= 999_999_999
        else { throw .nanoseconds(time.nanoseconds) }
        guard time.seconds != 0 else {
            guard nanoseconds == 0 else { throw .nanosecondsWithoutSeconds }
            return
        }
        let timestamp = UnixFSTimestamp(seconds: time.seconds, nanoseconds: nanoseconds)
        guard timestamp != .goZero else { return }
        mtime = timestamp
        preserveMtime = false
    }

    /// Checks rules for directories.
    static func rules(
        threshold: Int?, estimator: DirectoryRules.Estimator, fanout: Int, maxLinks: Int?
    ) throws(DAGOptionsError) -> DirectoryRules {
        if let threshold, threshold < 0 { throw .hamtThreshold(threshold) }
        if let maxLinks, maxLinks < 0 { throw .maxDirectoryLinks(maxLinks) }
        do {
            return try DirectoryRules(
                hamtThreshold: threshold, estimator: estimator, fanout: fanout,
                maxDirectoryLinks: maxLinks)
        } catch { throw .hamtFanout(fanout) }
    }

    /// Checks what depends on more than one option.
    func validate() throws(DAGOptionsError) {
        if cidVersion == .v0, hash != .sha2_256 { throw .hashNeedsCIDv1(hash) }
        if let limit = inlineLimit, !(0...Self.inlineLimitMaximum).contains(limit) {
            throw .inlineLimit(limit)
        }
        let least = layout == .balanced ? 2 : 1
        guard maxLinks >= least else { throw .maxLinks(maxLinks, least: least) }
    }
}
