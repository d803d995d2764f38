// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB

/// What other look-ups at the same version have found of packs.
struct KnownPacks {
    var packs: [Int64: PackStanding]
    /// Whether any pack may have marked blocks.
    var hasMarks: Bool
}

/// The places that one look-up has found so far.
struct Answers {
    /// The oldest durable place of each key.
    private(set) var durable: [BlockPlace?]
    /// The best of the other places, of keys that have some.
    private var others: [Int: (place: BlockPlace, standing: PlaceStanding)] = [:]
    private let known: KnownPacks
    /// Packs that were asked for, and are there.
    private(set) var found: [Int64: PackStanding] = [:]
    private var missing: Set<Int64> = []

    init(_ known: KnownPacks, count: Int) {
        self.known = known
        durable = Array(repeating: nil, count: count)
    }

    /// For each key its durable place, or else the best of its others.
    var all: [BlockPlace?] {
        var places = durable
        for (index, other) in others where places[index] == nil { places[index] = other.place }
        return places
    }

    /// Whether the key of that index needs no further search.
    func isSettled(_ index: Int) -> Bool { durable[index] != nil }

    /// Takes up a place, which must be younger than those before.
    ///
    /// - Returns: whether the key is settled now.
    mutating func take(_ db: Database, _ place: Place, for index: Int) throws -> Bool {
        guard let pack = try pack(db, place.packNumber) else { return false }
        let found = BlockPlace(packID: pack.id, ordinal: place.ordinal)
        let standing = pack.standing(of: place.ordinal)
        if standing == .durable {
            durable[index] = found
            return true
        }
        if let other = others[index], !standing.isReadBefore(other.standing) { return false }
        others[index] = (found, standing)
        return false
    }

    /// The pack of that number, asked for once; nil if it is gone.
    private mutating func pack(_ db: Database, _ number: Int64) throws -> PackStanding? {
        if let pack = known.packs[number] ?? found[number] { return pack }
        if missing.contains(number) { return nil }
        guard let pack = try PackStanding(db, number: number, hasMarks: known.hasMarks) else {
            missing.insert(number)
            return nil
        }
        found[number] = pack
        return pack
    }
}
