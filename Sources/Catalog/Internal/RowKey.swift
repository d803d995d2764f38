// SPDX-License-Identifier: Apache-2.0

/// The key of a row: number of the cache << 42 | directory << 15 | segment, so that the rows of
/// directories that were found one after the other are neighbours.
struct RowKey {
    let rawValue: Int64

    init(rawValue: Int64) { self.rawValue = rawValue }

    init(_ number: Int64, _ id: StatCacheRow.ID) {
        rawValue = number << 42 | Int64(id.directory) << 15 | Int64(id.segment)
    }

    var id: StatCacheRow.ID {
        StatCacheRow.ID(
            directory: UInt32(rawValue >> 15 & Int64(StatCacheRow.directoryLimit)),
            segment: UInt16(rawValue & Int64(StatCacheRow.segmentLimit)))
    }

    static func last(of number: Int64) -> Int64 { (number + 1) << 42 - 1 }

    static func rows(
        of directory: UInt32, _ number: Int64, from segment: UInt16
    ) -> ClosedRange<Int64> {
        let first = RowKey(number, StatCacheRow.ID(directory: directory, segment: segment))
        let last = RowKey(
            number, StatCacheRow.ID(directory: directory, segment: StatCacheRow.segmentLimit))
        return first.rawValue...last.rawValue
    }
}
