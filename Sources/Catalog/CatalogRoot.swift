// SPDX-License-Identifier: Apache-2.0

/// A block that is kept for its own sake.
public struct CatalogRoot: Hashable, Sendable {
    /// Why it is kept.
    public enum Origin: Hashable, Sendable {
        /// It is a root of the snapshot of that id.
        case snapshot(String)
        /// It is pinned.
        case pin(id: String, name: String?)
        /// It is the record, in the packs, of the snapshots, pins or removals of these ids.
        case record(String)
    }

    /// Its CID in binary form.
    public var cid: [UInt8]
    /// Whether all that it links to is kept as well.
    public var isRecursive: Bool
    /// Why it is kept.
    public var origin: Origin

    /// A root with each property given.
    public init(cid: [UInt8], isRecursive: Bool, origin: Origin) {
        self.cid = cid
        self.isRecursive = isRecursive
        self.origin = origin
    }
}
