// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Chooses which of the places of a key a merge keeps: a durable one, the oldest among equals.
struct PlaceChoice {
    private var standings: PackStandings
    /// Whether the key has a durable place.
    private var isDone = false
    private var left: (place: Place, standing: PlaceStanding)?

    init(_ standings: PackStandings) { self.standings = standings }

    /// Takes up the next younger place of a key.
    ///
    /// - Returns: the place if it is the key's first durable one.
    mutating func offer(_ db: Database, _ place: Place) throws -> Place? {
        guard !isDone, let standing = try standings.standing(db, place) else { return nil }
        if standing == .durable {
            isDone = true
            left = nil
            return place
        }
        if let left, left.standing <= standing { return nil }
        left = (place, standing)
        return nil
    }

    /// Ends a key.
    ///
    /// - Returns: the best of its places if none is durable; nil if none is there, or one was given
    ///   out.
    mutating func takeLeft() -> Place? {
        isDone = false
        defer { left = nil }
        return left?.place
    }
}
