// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog

/// A set of places of blocks, one bit per block of the packs that it knows.
struct PlaceSet: Sendable {
    private var words: [PackID: [UInt64]] = [:]

    func contains(_ place: BlockPlace) -> Bool {
        guard let words = words[place.packID] else { return false }
        let index = Int(place.ordinal / 64)
        return index < words.count && words[index] >> UInt64(place.ordinal % 64) & 1 == 1
    }

    mutating func insert(_ place: BlockPlace) {
        let index = Int(place.ordinal / 64)
        var bits = words[place.packID] ?? []
        // Taken out, so that the array is not copied for the one bit.
        words[place.packID] = nil
        if bits.count <= index {
            bits.append(contentsOf: repeatElement(0, count: index + 1 - bits.count))
        }
        bits[index] |= 1 << UInt64(place.ordinal % 64)
        words[place.packID] = bits
    }
}
