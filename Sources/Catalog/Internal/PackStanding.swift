// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB

/// How much a place of a block is worth.
enum PlaceStanding: Int, Comparable {
    /// It stays as long as anything needs the block.
    case durable
    /// It may be swept.
    case condemned
    /// Its bytes are bad, or were when they were read last.
    case quarantined
    /// It may be evicted.
    case cached

    static func < (left: PlaceStanding, right: PlaceStanding) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Whether to read from here rather than from there: what is sound before what is bad.
    func isReadBefore(_ other: PlaceStanding) -> Bool {
        func rank(_ standing: PlaceStanding) -> Int {
            switch standing {
            case .durable: 0
            case .condemned, .cached: 1
            case .quarantined: 2
            }
        }
        return rank(self) < rank(other)
    }
}

/// What a pack's tier and marks say of the places in it.
struct PackStanding {
    /// The pack's name.
    let id: PackID
    private let isCached: Bool
    private var condemned: BlockBitmap?
    private var quarantined: BlockBitmap?

    /// Reads what the catalog has of the pack of that number; nil if it is gone.
    ///
    /// - Parameter hasMarks: false if it is known that no pack has any.
    init?(_ db: Database, number: Int64, hasMarks: Bool) throws {
        let sql = "SELECT id, tier = 'cache', block_count FROM packs WHERE number = ?"
        let row = try db.withCursor(sql) { cursor -> (PackID, Bool, Int)? in
            try cursor.bind(number, at: 1)
            guard try cursor.step() else { return nil }
            guard let id = PackID(cursor.bytes(0)) else { throw DamagedContent() }
            return (id, cursor.integer(1) != 0, Int(cursor.integer(2)))
        }
        guard let row else { return nil }
        (id, isCached) = (row.0, row.1)
        guard hasMarks else { return }
        for mark in BlockMark.allCases {
            guard let blocks = try BlockMarks.read(db, mark, pack: number, count: row.2) else {
                continue
            }
            switch mark {
            case .condemned: condemned = blocks
            case .quarantined: quarantined = blocks
            }
        }
    }

    /// How much the place of that ordinal is worth.
    func standing(of ordinal: UInt32) -> PlaceStanding {
        if isCached {
            return quarantined?.contains(Int(ordinal)) == true ? .quarantined : .cached
        }
        // Bad bytes weigh more than that they may go.
        if let quarantined, quarantined.contains(Int(ordinal)) { return .quarantined }
        if let condemned, condemned.contains(Int(ordinal)) { return .condemned }
        return .durable
    }
}

/// How much places are worth, each pack asked for once in the length of one transaction.
struct PackStandings {
    private var known: [Int64: PackStanding?] = [:]
    private let hasMarks: Bool

    init(_ db: Database) throws { hasMarks = try BlockMarks.exist(db) }

    /// How much a place is worth; nil if its pack is gone.
    mutating func standing(_ db: Database, _ place: Place) throws -> PlaceStanding? {
        let number = place.packNumber
        if let pack = known[number] { return pack?.standing(of: place.ordinal) }
        let pack = try PackStanding(db, number: number, hasMarks: hasMarks)
        known[number] = .some(pack)
        return pack?.standing(of: place.ordinal)
    }
}
