// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Testing

/// A store in which processes step through their transactions one at a time: a real catalog, and
/// files of packs that are numbers.
///
/// A snapshot's root is one byte, and stands for a set of blocks.
final class World {
    let catalog: SQLiteCatalog
    /// The packs on disk and their blocks in order; what is sealed, committed or not.
    var files: [Int: [Int]] = [:]
    /// The sessions whose processes live.
    var alive: Set<String> = []
    /// What each root reaches.
    var closures: [UInt8: Set<Int>] = [:]
    /// The sessions whose runs were told that all is recorded.
    var acknowledged: Set<String> = []
    /// The sessions whose runs were told to run again.
    var refused: Set<String> = []
    /// The snapshots that were forgotten.
    var forgotten: Set<String> = []
    /// The number of the newest pack.
    var lastPack = 0
    /// Who has sealed a pack.
    var inFlight: [Int: String] = [:]
    /// The snapshots that packs record.
    var records: [Int: SnapshotRecord] = [:]

    init(_ catalog: SQLiteCatalog) { self.catalog = catalog }

    /// Puts a new pack on disk.
    func seal(_ blocks: [Int]) -> Int {
        lastPack += 1
        files[lastPack] = blocks
        return lastPack
    }

    /// Records a pack that is on disk.
    func commit(_ number: Int, session: String?) async throws {
        try await catalog.commit(number, files[number] ?? [], session: session)
    }

    /// Records a snapshot of a root and what it reaches.
    func record(_ id: String, root: UInt8, _ blocks: Set<Int>) -> SnapshotRecord {
        closures[root] = blocks
        var record = snapshot(id)
        record.roots = [.init(name: "", cid: [root])]
        record.recordCID = []
        return record
    }

    /// What the catalog's snapshots reach, and the generation of the roots.
    func live() async throws -> (generation: Int64, roots: Set<UInt8>, blocks: Set<Int>) {
        let (generation, roots) = try await catalog.roots()
        let names = Set(roots.compactMap(\.cid.first))
        return (generation, names, names.reduce(into: []) { $0.formUnion(closures[$1] ?? []) })
    }

    /// The number of a pack.
    static func number(_ id: PackID) -> Int { Int(id.milliseconds) - 1_800_000_000_000 }

    /// The packs on disk that nobody records any more.
    func leftPacks() async throws -> [Int] {
        let known = Set(try await catalog.packs().map { Self.number($0.id) })
        let doomed = Set(try await catalog.doomedPacks().map { Self.number($0.id) })
        return files.keys.sorted().filter { number in
            guard !known.contains(number), !doomed.contains(number) else { return false }
            return inFlight[number].map { !alive.contains($0) } ?? true
        }
    }

    /// Expects each block of each snapshot to lie where the catalog says, and each snapshot that
    /// was acknowledged to be there.
    func check(_ comment: String) async throws {
        let snapshots = try await catalog.snapshots(limit: nil)
        let ids = Set(snapshots.map(\.id))
        #expect(acknowledged.subtracting(forgotten).isSubset(of: ids), "\(comment): a snapshot")
        for snapshot in snapshots {
            for root in snapshot.roots {
                let blocks = (closures[root.cid[0]] ?? []).sorted()
                let places = try await catalog.places(of: blocks.map(multihash))
                for (block, place) in zip(blocks, places) {
                    guard let place, let file = files[Self.number(place.packID)],
                        Int(place.ordinal) < file.count, file[Int(place.ordinal)] == block
                    else {
                        Issue.record("\(comment): block \(block) of snapshot \(snapshot.id)")
                        continue
                    }
                }
            }
        }
    }

    /// Expects that nothing is left that no snapshot reaches.
    func checkClean(_ comment: String) async throws {
        let packs = try await catalog.packs()
        #expect(Set(packs.map { Self.number($0.id) }) == Set(files.keys), "\(comment): files")
        #expect(try await catalog.doomedPacks().isEmpty, "\(comment): doomed")
        #expect(try await catalog.condemned().isEmpty, "\(comment): condemned")
        let live = try await live().blocks
        let held = files.values.flatMap { $0 }
        #expect(held.count == Set(held).count && Set(held) == live, "\(comment): \(held) \(live)")
    }
}
