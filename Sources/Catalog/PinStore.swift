// SPDX-License-Identifier: Apache-2.0

/// What a catalog knows of pins, of what was forgotten, and of the records that say so.
///
/// Each call is one transaction and throws as those of ``Catalog`` do.
public protocol PinStore: Sendable {
    /// Records a sealed, durable pack of records, where its blocks lie, and what they change.
    ///
    /// A pin's change has the id of the session in which it was seen to that all is there.
    ///
    /// - Throws: ``CatalogError/Code/conflict`` if a snapshot has had its tags changed since the
    ///   change was made, or is gone, ``CatalogError/Code/sessionEnded`` if that of the pack was
    ///   given up; nothing is committed then.
    func commit(
        _ pack: PackRecord, blocks: [NewBlock], applying changes: [RootChange]) async throws

    /// Applies changes whose records are in packs of the catalog, in any order, but for pins of a
    /// session that was given up.
    func apply(_ changes: [RootChange]) async throws

    /// All pins, expired ones too, oldest first.
    func pins() async throws -> [Pin]

    /// The revision of a snapshot's tags: how often they were changed.
    func tagRevision(ofSnapshot id: String) async throws -> Int64

    /// The records that say what is kept and what no longer is, but for those of expired pins.
    ///
    /// Each is a root of its own: its block alone must stay. Records of snapshots are among them.
    func recordRoots(atMilliseconds milliseconds: Int64) async throws -> [RecordRoot]

    /// Drops pins that have expired, and records of removals whose object no pack could bring back
    /// any more.
    ///
    /// To be called when no file of a removed pack is left.
    /// - Returns: how many were dropped; their blocks are no roots from now on.
    func retireRecords(atMilliseconds milliseconds: Int64) async throws -> Int
}
