// SPDX-License-Identifier: Apache-2.0

/// A block's place as one integer: the pack's number in the catalog, then 24 bits of ordinal.
struct Place: Hashable {
    /// How many bytes a place takes in a chunk; pack numbers stay below 2^32.
    static let byteCount = 7

    var rawValue: Int64

    init(rawValue: Int64) { self.rawValue = rawValue }

    init(packNumber: Int64, ordinal: UInt32) {
        rawValue = packNumber << 24 | Int64(ordinal)
    }

    var packNumber: Int64 { rawValue >> 24 }

    var ordinal: UInt32 { UInt32(truncatingIfNeeded: rawValue & 0xff_ffff) }
}

/// A block on its way into a run.
struct BlockRow {
    var multihash: [UInt8]
    var place: Place
    var standing: PlaceStanding
}
