// SPDX-License-Identifier: Apache-2.0

import FileIO

/// What the stat cache has of a directory that is being scanned, and how it fits so far.
///
/// States: *pending*, when all that was met is as remembered: nothing has been emitted, and what
/// was met is what the entries before the current one say. From there either *unchanged*, when the
/// listing ends with the entries, or *changed*, for good. A directory that is not remembered, or
/// not whole, begins as changed.
struct DirectoryMemory {
    /// The directory's number in the cache; nil if there is none to be had.
    var number: UInt32?
    let cached: CachedDirectory?
    /// The entry by which the directory above remembers it, as it stands in that one's row.
    let entry: ArraySlice<UInt8>?
    /// The link in that entry.
    let link: ArraySlice<UInt8>?
    var isPending: Bool
    /// Entries that may be in the batch at hand; one set while pending.
    var candidates: [CachedEntries] = []
    /// The segment after those.
    var nextSegment = 0
    /// Entries that are as remembered and were not emitted yet.
    var links: [UInt8] = []

    /// Nothing is known.
    static let none = DirectoryMemory(
        number: nil, cached: nil, entry: nil, link: nil, isPending: false)

    /// Whether all remembered entries of the batch have been met.
    var isAtEnd: Bool { candidates.allSatisfy { $0.current == nil } }

    /// Passes entries up to `name`, and says whether the current one of a candidate has it.
    ///
    /// - Parameter onPass: called with each entry that is passed.
    mutating func find(
        _ name: UnsafeRawBufferPointer, onPass: (CacheEntry, [UInt8]) -> Void
    ) -> Int? {
        for index in candidates.indices {
            while let order = candidates[index].order(to: name), order <= 0 {
                if order == 0 { return index }
                if let passed = candidates[index].current {
                    onPass(passed, candidates[index].bytes)
                }
                candidates[index].advance()
            }
        }
        return nil
    }
}
