// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Testing

/// What is condemned, quarantined or in the cache tier can be read and does not count as present.
@Suite struct CondemnationTests {
    @Test(arguments: [1, 8, 1_000])
    func `condemned blocks are read but not relied on, until they are spared or released`(
        _ recentLimit: Int
    ) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            try await catalog.commit(1, 0..<10)
            try await catalog.commit(2, 10..<15)
            let places = try await catalog.places(of: (0..<15).map(multihash))
            let dead = [some(1, of: 10, [2, 3, 9]), all(2, of: 5)]
            #expect(try await catalog.condemn(dead, liveCaches: []).isEmpty)
            #expect(try await catalog.condemned() == dead)
            #expect(try await catalog.durable(0..<15) == [0, 1, 4, 5, 6, 7, 8])
            #expect(try await catalog.places(of: (0..<15).map(multihash)) == places)
            #expect(try await catalog.contains((0..<16).map(multihash)).count { $0 } == 15)
            try await catalog.spare([some(1, of: 10, [3]), some(2, of: 5, [0])], liveCaches: [])
            #expect(try await catalog.durable(0..<15) == [0, 1, 3, 4, 5, 6, 7, 8, 10])
            // A second collection replaces what the first, which died, had condemned.
            _ = try await catalog.condemn([some(1, of: 10, [0])], liveCaches: [])
            #expect(try await catalog.durable(0..<15) == Array(1..<15))
            try await catalog.releaseCondemned()
            #expect(try await catalog.condemned().isEmpty)
            #expect(try await catalog.durable(0..<15) == Array(0..<15))
        }
    }

    @Test func `what one process condemns another passes over at its next look-up`() async throws {
        try await withCatalogPath { path in
            let one = try await SQLiteCatalog.open(at: path, options: options(4))
            let other = try await SQLiteCatalog.open(at: path, options: options(4))
            try await one.commit(1, 0..<10)
            #expect(try await other.durable(0..<10).count == 10)
            _ = try await one.condemn([some(1, of: 10, [7])], liveCaches: [])
            #expect(try await other.durable([6, 7]) == [6])
            try await one.spare([some(1, of: 10, [7])], liveCaches: [])
            #expect(try await other.durable([6, 7]) == [6, 7])
            try await one.quarantine([some(1, of: 10, [6])])
            #expect(try await other.durable([6, 7]) == [7])
            try await one.close()
            try await other.close()
        }
    }

    @Test func `marks of packs that are gone or have other blocks are passed over`() async throws {
        try await withCatalog { catalog in
            try await catalog.commit(1, 0..<10)
            let marks = [all(1, of: 9), all(2, of: 3), some(1, of: 10, [4])]
            _ = try await catalog.condemn(marks, liveCaches: [])
            #expect(try await catalog.condemned() == [some(1, of: 10, [4])])
            try await catalog.quarantine(marks)
            #expect(try await catalog.quarantined() == [some(1, of: 10, [4])])
            try await catalog.forget(packs: [pack(1).id])
            try await catalog.commit(1, 0..<10)
            #expect(try await catalog.condemned().isEmpty)
            #expect(try await catalog.quarantined().isEmpty)
        }
    }

    @Test(arguments: [1, 8, 1_000])
    func `a block that is stored again is found at its durable place`(
        _ recentLimit: Int
    ) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            try await catalog.commit(1, 0..<4)
            try await catalog.commit(2, 4..<8, tier: .cache)
            try await catalog.commit(3, 8..<12)
            _ = try await catalog.condemn([all(1, of: 4)], liveCaches: [])
            try await catalog.quarantine([all(3, of: 4)])
            #expect(try await catalog.durable(0..<12).isEmpty)
            try await catalog.commit(4, 0..<12)
            let expected = (0..<12).map { place(4, $0) }
            #expect(try await catalog.places(of: (0..<12).map(multihash)) == expected)
            #expect(try await catalog.durablePlaces(of: (0..<12).map(multihash)) == expected)
        }
    }

    @Test func `of places that are not durable a sound one is read before a bad one`() async throws
    {
        try await withCatalog(recentLimit: 1) { catalog in
            try await catalog.commit(1, 0..<4)
            try await catalog.commit(2, 0..<4)
            try await catalog.quarantine([all(1, of: 4)])
            _ = try await catalog.condemn([all(2, of: 4)], liveCaches: [])
            #expect(try await catalog.places(of: [multihash(3)]) == [place(2, 3)])
            try await catalog.release(quarantined: [some(1, of: 4, [3])])
            #expect(try await catalog.places(of: [multihash(3)]) == [place(1, 3)])
            #expect(try await catalog.durable(0..<4) == [3])
        }
    }

    @Test func `a pack that moves out of the cache tier counts, and one that moves in does not`()
        async throws
    {
        try await withCatalogPath { path in
            let catalog = try await SQLiteCatalog.open(at: path, options: options(50))
            let other = try await SQLiteCatalog.open(at: path, options: options(50))
            try await catalog.commit(1, 0..<4, tier: .cache)
            #expect(try await other.durable(0..<4).isEmpty)
            try await catalog.setTier(pack(1).id, to: .hot)
            #expect(try await other.durable(0..<4) == [0, 1, 2, 3])
            #expect(try await catalog.doomedPacks() == [DoomedPack(id: pack(1).id, tier: .cache)])
            try await catalog.setTier(pack(1).id, to: .cold)
            #expect(try await other.durable(0..<4) == [0, 1, 2, 3])
            try await catalog.setTier(pack(1).id, to: .hot)
            let doomed = [PackTier.cache, .cold].map { DoomedPack(id: pack(1).id, tier: $0) }
            #expect(try await catalog.doomedPacks() == doomed)
            try await catalog.close()
            try await other.close()
        }
    }

    @Test(arguments: [1, 20, 300])
    func `merges keep the place that is worth most, the oldest among equals`(
        _ recentLimit: Int
    ) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            var generator = SplitMix64(seed: UInt64(recentLimit))
            var model = PlaceModel()
            for step in 0..<160 {
                let drawn = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
                    Int.random(in: 0..<900, using: &generator)
                }
                let numbers = Set(drawn).sorted()
                let tier: PackTier = Int.random(in: 0..<4, using: &generator) == 0 ? .cache : .hot
                try await catalog.commit(step, numbers, tier: tier)
                model.commit(step, numbers, tier)
                let ordinals = (0..<numbers.count).filter { _ in
                    Int.random(in: 0..<3, using: &generator) == 0
                }
                let marks = some(step, of: numbers.count, ordinals)
                switch step % 5 {
                case 1:
                    try await catalog.quarantine([marks])
                    model.mark(step, ordinals, .quarantined)
                case 2:
                    _ = try await catalog.condemn([marks], liveCaches: [])
                    model.condemn(step, ordinals)
                case 3 where step % 4 == 0:
                    try await catalog.forget(packs: [pack(step / 2).id])
                    model.forget(step / 2)
                default: break
                }
                guard step % 8 == 0 else { continue }
                let asked = (0..<900).shuffled(using: &generator)
                let durable = try await catalog.durablePlaces(of: asked.map(multihash))
                let places = try await catalog.places(of: asked.map(multihash))
                for (number, (durable, place)) in zip(asked, zip(durable, places)) {
                    model.check(number, durable: durable, place: place, "step \(step)")
                }
            }
        }
    }
}

/// What a catalog may answer of blocks at places of several worths.
private struct PlaceModel {
    enum Mark: Hashable { case quarantined, condemned }
    struct Copy: Hashable {
        let pack: Int
        let ordinal: Int
        let isCached: Bool
        var marks: Set<Mark> = []
        var isDurable: Bool { !isCached && marks.isEmpty }
    }

    private var copies: [Int: [Copy]] = [:]
    /// Blocks of which a merge may have dropped copies that were worth less at the time: they must
    /// be found, but which of the copies is open.
    private var isUncertain: Set<Int> = []

    mutating func commit(_ pack: Int, _ numbers: [Int], _ tier: PackTier) {
        for (ordinal, number) in numbers.enumerated() {
            let copy = Copy(pack: pack, ordinal: ordinal, isCached: tier == .cache)
            copies[number, default: []].append(copy)
        }
    }

    mutating func mark(_ pack: Int, _ ordinals: [Int], _ mark: Mark) {
        change { copy in
            if copy.pack == pack, ordinals.contains(copy.ordinal) { copy.marks.insert(mark) }
        }
    }

    mutating func condemn(_ pack: Int, _ ordinals: [Int]) {
        change { $0.marks.remove(.condemned) }
        mark(pack, ordinals, .condemned)
    }

    mutating func forget(_ pack: Int) {
        for (number, held) in copies where held.contains(where: { $0.pack == pack }) {
            if held.count > 1 { isUncertain.insert(number) }
            let rest = held.filter { $0.pack != pack }
            copies[number] = rest.isEmpty ? nil : rest
            if rest.isEmpty { isUncertain.remove(number) }
        }
    }

    private mutating func change(_ body: (inout Copy) -> Void) {
        for (number, held) in copies {
            var changed = held
            for index in changed.indices { body(&changed[index]) }
            // What was worth less than another copy may be gone from the runs by now.
            if changed != held, held.count > 1 { isUncertain.insert(number) }
            copies[number] = changed
        }
    }

    func check(_ number: Int, durable: BlockPlace?, place found: BlockPlace?, _ comment: Comment) {
        let held = copies[number] ?? []
        let allowed = held.map { place($0.pack, $0.ordinal) }
        let sound = held.filter(\.isDurable).map { place($0.pack, $0.ordinal) }
        if let durable { #expect(sound.contains(durable), comment) }
        if let found { #expect(allowed.contains(found), comment) }
        guard !isUncertain.contains(number) else { return }
        #expect(durable == sound.first, comment)
        #expect((found == nil) == held.isEmpty, comment)
        if let first = sound.first { #expect(found == first, comment) }
    }
}
