// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Catalog

/// The blocks that were found bad where they lie.
///
/// A block in quarantine counts as absent for whoever stores blocks, so that it is stored anew,
/// and a read tries it last; it is checked like any other, and never served bad.
public struct Quarantine: Sendable {
    private let marks: [PackID: BlockBitmap]

    /// The marks of these packs.
    init(_ packs: [PackBlocks]) {
        marks = Dictionary(packs.map { ($0.id, $0.blocks) }) { first, _ in first }
    }

    /// How many blocks there are.
    public var blockCount: Int { marks.values.reduce(0) { $0 + $1.population } }

    /// The packs that have some.
    public var packs: Set<PackID> { Set(marks.filter { !$0.value.isEmpty }.keys) }

    /// Whether the block at `place` is in quarantine.
    public func contains(_ place: BlockPlace) -> Bool {
        marks[place.packID]?.contains(Int(place.ordinal)) ?? false
    }

    /// The marks of a pack; nil if it has none.
    fileprivate func marks(of pack: PackID) -> BlockBitmap? { marks[pack] }
}

extension Repository {
    /// What is in quarantine now.
    ///
    /// - Throws: `CatalogError`.
    public func quarantine() async throws -> Quarantine {
        Quarantine(try await catalog.quarantined())
    }

    /// Puts all blocks of a pack into quarantine: it is missing.
    ///
    /// - Throws: `CatalogError`.
    public func quarantineAll(of pack: PackRecord) async throws {
        try await catalog.quarantine([
            PackBlocks(id: pack.id, blocks: .all(count: pack.blockCount))
        ])
    }

    /// Makes `ordinals` the blocks of a pack that are in quarantine; `earlier` says which were.
    ///
    /// - Throws: `CatalogError`.
    public func setQuarantine(
        of pack: PackRecord, to ordinals: [Int], was earlier: Quarantine
    ) async throws {
        var bad = BlockBitmap(count: pack.blockCount)
        for ordinal in ordinals where ordinal < bad.count { bad.insert(ordinal) }
        let before = earlier.marks(of: pack.id)
        if let before, before.count == bad.count {
            var sound = before
            sound.subtract(bad)
            bad.subtract(before)
            if !sound.isEmpty {
                try await catalog.release(quarantined: [PackBlocks(id: pack.id, blocks: sound)])
            }
        }
        if !bad.isEmpty { try await catalog.quarantine([PackBlocks(id: pack.id, blocks: bad)]) }
    }

    /// Puts blocks into quarantine that a read found bad.
    func quarantine(_ places: [BlockPlace]) async {
        do {
            var marks: [PackID: BlockBitmap] = [:]
            for place in places {
                if marks[place.packID] == nil, let pack = try await catalog.pack(place.packID) {
                    marks[place.packID] = BlockBitmap(count: pack.blockCount)
                }
                let ordinal = Int(place.ordinal)
                if ordinal < marks[place.packID]?.count ?? 0 {
                    marks[place.packID]?.insert(ordinal)
                }
            }
            guard !marks.isEmpty else { return }
            try await catalog.quarantine(marks.map { PackBlocks(id: $0.key, blocks: $0.value) })
        } catch {
            // The read goes on by other ways; `cairn verify` marks what could not be marked now.
        }
    }
}
