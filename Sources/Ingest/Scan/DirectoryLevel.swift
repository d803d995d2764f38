// SPDX-License-Identifier: Apache-2.0

import FileIO

/// A directory that the scanner is in: its entries come in batches that are sorted by name, so
/// that neighbours in the source are neighbours in the packs, and memory stays small however many
/// entries there are.
final class DirectoryLevel {
    let directory: Directory
    let status: FileStatus
    /// The name that the directory has in the one above.
    let name: [UInt8]
    let trust: TimestampTrust
    /// Whether `enterDirectory` was emitted.
    var isEntered = false
    /// Whether something in it was asked for, so that it is kept even if that cannot be had.
    var hasKept = false
    /// Whether it is kept without any entry.
    var isKeptWhenEmpty = false
    /// What the stat cache has of it.
    var memory = DirectoryMemory.none

    private let rule: ListingRule
    private let clock: @Sendable () -> FileStatus.Time
    private var stream: DirectoryStream
    /// The entries at hand.
    private(set) var batch = EntryBatch()
    /// The first entry of the batch that was not looked at.
    var position = 0
    /// Where the batches before this one were cut.
    private(set) var boundaries: [UInt64] = []
    /// Where this batch was cut; nil if it is the last.
    private(set) var boundary: UInt64?
    /// When this batch was listed: before any of its entries was looked at.
    private(set) var listed: FileStatus.Time
    private(set) var isExhausted = false
    private(set) var failure: IOError?

    init(
        _ directory: Directory, name: [UInt8], status: FileStatus, trust: TimestampTrust,
        rule: ListingRule, clock: @escaping @Sendable () -> FileStatus.Time
    ) throws(IOError) {
        self.directory = directory
        self.name = name
        self.status = status
        self.trust = trust
        self.rule = rule
        self.clock = clock
        listed = clock()
        stream = try DirectoryStream(directory)
        refill()
    }

    /// Whether the batch at hand is the first of several, or one of those after it.
    var hasSeveralBatches: Bool { !boundaries.isEmpty || !isExhausted }

    /// Takes the next batch; must not be called when the listing is exhausted or has failed.
    func nextBatch() {
        if let boundary { boundaries.append(boundary) }
        refill()
    }

    private func refill() {
        batch.removeAll()
        position = 0
        boundary = nil
        listed = clock()
        do throws(IOError) {
            while boundary == nil, !isExhausted {
                if try stream.next(into: &batch) {
                    boundary = rule.boundary(after: batch)
                } else {
                    isExhausted = true
                }
            }
        } catch {
            failure = error
        }
        batch.sort()
    }
}

/// How a listing is cut into batches: directories with fewer entries than the minimum are sorted
/// whole, larger ones are cut at names whose hash is a multiple of a number, so that a name more or
/// less moves only the cuts beside it.
package struct ListingRule: Hashable, Sendable {
    /// Entries in a batch at least, unless it is the last.
    ///
    /// Default 8,192: a megabyte of names and of cached entries.
    package var minimum = 8_192
    /// Entries in a batch at most.
    package var maximum = 16_384
    /// How many names, on average, follow the minimum.
    package var spacing: UInt64 = 1_024

    /// The hash at which to cut after the last entry of `batch`; nil if it goes on.
    func boundary(after batch: EntryBatch) -> UInt64? {
        guard batch.count >= minimum else { return nil }
        let hash = batch.hashOfLastName
        return hash % spacing == 0 || batch.count >= maximum ? max(hash, 1) : nil
    }
}
