// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import FileIO

extension Verify {
    /// What to look at, and for how long.
    public struct Options: Hashable, Sendable {
        /// The share of the packs to read, 0 to 1; those unchecked for longest come first.
        public var sample = 1.0
        /// Packs checked since this time, in milliseconds since 1970, are passed over.
        public var uncheckedSince: Int64?
        /// How much to read.
        ///
        /// Default: everything.
        public var budget = Budget.all
        /// The tiers whose packs are read; nil for all that are on this machine.
        public var tiers: Set<PackTier>?
        /// Bytes read per second, all workers together; nil for as many as come.
        public var bytesPerSecond: Int?
        /// Whether reading gives way to other work on this machine.
        public var isInBackground = false
        /// Whether the DAGs of all snapshots are walked; nil: if nothing else limits the check.
        public var walksSnapshots: Bool?
        /// Packs read at the same time.
        public var width = Machine.coreCount

        /// Everything.
        public init() {}

        /// Whether all is to be read.
        var isWhole: Bool {
            sample == 1 && uncheckedSince == nil && budget == .all && tiers == nil
        }
    }

    /// How much one run reads.
    public enum Budget: Hashable, Sendable {
        /// All that is due.
        case all
        /// For so long; a pack that is half read then counts as unread.
        case time(Duration)
        /// So many bytes of pack files, but one pack at least, so that each run gets on.
        case bytes(Int64)
    }
}
