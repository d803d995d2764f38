// SPDX-License-Identifier: Apache-2.0

/// A change to what is kept, other than a new snapshot, as the packs record it (promise P4).
///
/// Applied in any order, and any number of times, the same changes give the same state: pins and
/// snapshots have names that are never used again, so one that was taken away stays away, and of
/// the tags of a snapshot the highest revision counts.
public struct RootChange: Hashable, Sendable {
    /// What a change does.
    public enum Action: Hashable, Sendable {
        /// Keeps something; the pin's `recordCID` is the change's own.
        case pin(Pin)
        /// Takes pins away.
        case unpin([Target])
        /// Takes snapshots away.
        case forget([Target])
        /// Gives a snapshot other tags; `revision` is one more than that of the tags it has, and 1
        /// for the first change.
        case tag(Target, tags: [String], revision: Int64)
    }

    /// A pin or snapshot that a change is about.
    public struct Target: Hashable, Sendable {
        /// Its id.
        public var id: String
        /// The CID, in binary form, of the block that would bring it back.
        public var recordCID: [UInt8]

        /// Pairs an id with the record.
        public init(id: String, recordCID: [UInt8]) {
            self.id = id
            self.recordCID = recordCID
        }
    }

    /// The change's name, a UUIDv7 in text form.
    public var id: String
    /// When it was made, in milliseconds since 1970 (UTC).
    public var madeAtMilliseconds: Int64
    /// What it does.
    public var action: Action
    /// The CID, in binary form, of the dag-cbor block that holds this change in a pack.
    public var recordCID: [UInt8]

    /// A change with each property given.
    public init(
        id: String, madeAtMilliseconds: Int64, action: Action, recordCID: [UInt8] = []
    ) {
        self.id = id
        self.madeAtMilliseconds = madeAtMilliseconds
        self.action = action
        self.recordCID = recordCID
    }
}

/// Blocks that must stay in the packs because they record what is kept.
public struct RecordRoot: Hashable, Sendable {
    /// The record's CID in binary form.
    public let cid: [UInt8]
    /// What it records: the id of a snapshot or pin, or several, separated by commas.
    public let subject: String
}
