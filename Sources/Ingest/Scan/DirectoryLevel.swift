// SPDX-License-Identifier: Apache-2.0

import FileIO

/// A directory that the scanner is in: its entries come in batches that are sorted by name, so
/// that neighbours in the source are neighbours in the packs, and memory stays small however many
/// entries there are.
final class DirectoryLevel {
    /// Entries that are sorted at a time; a directory with fewer is sorted whole.
    static let batchCount = 16_384

    let directory: Directory
    let status: FileStatus
    /// The name that the directory has in the one above.
    let name: [UInt8]
    /// Whether `enterDirectory` was emitted.
    var isEntered = false

    private var stream: DirectoryStream
    private var batch: [DirectoryStream.Entry] = []
    private var position = 0
    private var isExhausted = false

    init(_ directory: Directory, name: [UInt8], status: FileStatus) throws(IOError) {
        self.directory = directory
        self.name = name
        self.status = status
        stream = try DirectoryStream(directory)
    }

    /// The next entry, nil after the last.
    func next() throws(IOError) -> DirectoryStream.Entry? {
        if position == batch.count { try refill() }
        guard position < batch.count else { return nil }
        defer { position += 1 }
        return batch[position]
    }

    private func refill() throws(IOError) {
        batch.removeAll(keepingCapacity: true)
        position = 0
        while !isExhausted, batch.count < Self.batchCount {
            guard let entry = try stream.next() else {
                isExhausted = true
                break
            }
            batch.append(entry)
        }
        batch.sort { $0.name.lexicographicallyPrecedes($1.name) }
    }
}
