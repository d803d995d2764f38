// SPDX-License-Identifier: Apache-2.0

/// What only `cairn verify` and `cairn repair` ask of a catalog.
///
/// Calls are transactions and throw like those of ``Catalog``.
public protocol RepairStore: Sendable {
    /// Reads all of the catalog and tells what is not as the database must have it; empty if
    /// nothing is. What the database takes for a value may still be a wrong one.
    ///
    /// A task that is cancelled ends the reading.
    /// - Parameter limit: how many faults are told at most.
    func faults(limit: Int) async throws -> [String]

    /// Records anew where the blocks of a pack of the catalog lie, as if it had never been
    /// committed, and with it `pack`; marks on its blocks are lost.
    ///
    /// For blocks whose only known place was in a pack that is lost, while this one holds a second
    /// copy that was once given up for the first.
    /// - Throws: ``CatalogError/Code/packMissing``.
    func recommit(_ pack: PackRecord, blocks: [NewBlock]) async throws

    /// Records how many blocks of a snapshot are lost; 0 takes the mark away. Unknown ids are
    /// ignored.
    func setLostBlockCount(_ count: Int, ofSnapshot id: String) async throws

    /// How many blocks of each snapshot are lost, as far as `cairn repair` has found; those that
    /// are whole are left out.
    func lostBlockCounts() async throws -> [String: Int]
}
