// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog

/// Blocks of the pack of that number, which has `count` of them.
func some(_ packNumber: Int, of count: Int, _ ordinals: some Sequence<Int>) -> PackBlocks {
    var blocks = BlockBitmap(count: count)
    for ordinal in ordinals { blocks.insert(ordinal) }
    return PackBlocks(id: pack(packNumber).id, blocks: blocks)
}

/// All blocks of the pack of that number.
func all(_ packNumber: Int, of count: Int) -> PackBlocks {
    PackBlocks(id: pack(packNumber).id, blocks: .all(count: count))
}

/// A session of that name.
func session(_ id: String) -> Session {
    Session(
        id: id, kind: "ingest", startedAtMilliseconds: 5, host: "box", processID: 7)
}

private func newPack(
    _ number: Int, blockCount: Int, tier: PackTier, session: String?
) -> PackRecord {
    var record = pack(number, blockCount: blockCount, tier: tier)
    record.sessionID = session
    return record
}

extension SQLiteCatalog {
    /// Commits the pack of that number, which holds these blocks.
    func commit(
        _ number: Int, _ numbers: some Collection<Int>, tier: PackTier = .hot,
        session: String? = nil
    ) async throws {
        let record = newPack(number, blockCount: numbers.count, tier: tier, session: session)
        try await commit(record, blocks: blocks(numbers))
    }

    /// Which of these blocks are durable.
    func durable(_ numbers: some Sequence<Int>) async throws -> [Int] {
        let numbers = Array(numbers)
        let places = try await durablePlaces(of: numbers.map(multihash))
        return zip(numbers, places).filter { $1 != nil }.map(\.0)
    }

    /// The generation of the roots.
    func rootGeneration() async throws -> Int64 { try await roots().generation }
}
