// SPDX-License-Identifier: Apache-2.0

import FileIO
import Pipeline
import UnixFS

/// One worker of the read stage: reads the files of scan batches into slabs and cuts them into
/// chunks.
///
/// Runs on a thread that may block.
///
/// Small files share a slab and leave together, so that they cost no channel hop each; a large
/// file leaves slab by slab, so that all hash workers share it.
final class FileReader {
    /// Chunks in a batch at most, so that tiny chunks do not make large batches.
    private static let chunkLimit = 4096
    /// How often a file is read before it counts as changing.
    private static let attemptLimit = 3

    private let chunker: Chunker
    /// Whether a file without bytes is one empty leaf, as in the balanced layout.
    private let emptyFilesHaveLeaf: Bool
    private let pool: SlabPool
    private let counters: IngestCounters
    private let output: BoundedChannel<ReadBatch>
    private let meter: StageMeter
    private let limiter: RateLimiter?
    private var batch = ReadBatch(number: 0, part: 0)
    /// Bytes of the slab that are in use.
    private var filled = 0

    init(
        chunker: Chunker, emptyFilesHaveLeaf: Bool, pool: SlabPool, counters: IngestCounters,
        output: BoundedChannel<ReadBatch>, meter: StageMeter, limiter: RateLimiter?
    ) {
        self.chunker = chunker
        self.emptyFilesHaveLeaf = emptyFilesHaveLeaf
        self.pool = pool
        self.counters = counters
        self.output = output
        self.meter = meter
        self.limiter = limiter
    }

    /// The slab size that suits `chunker`: whole chunks of a fixed size, several of a variable one.
    static func slabByteCount(for chunker: ChunkerSpec) -> Int {
        let usual = 1 << 20
        let (least, most) = (chunker.minimumChunkByteCount, chunker.maximumChunkByteCount)
        if least == most { return most >= usual ? most : usual / most * most }
        return max(usual, 2 * most)
    }

    /// Reads what one scan batch names and sends it on in parts.
    func read(_ scanned: ScanBatch) async throws {
        batch = ReadBatch(number: scanned.number, part: 0)
        filled = 0
        for event in scanned.events {
            switch event {
            case .enterDirectory(let name, let metadata, let tag):
                batch.steps.append(.enterDirectory(name: name, metadata, tag))
            case .leaveDirectory: batch.steps.append(.leaveDirectory)
            case .symbolicLink(let name, let target, let metadata, let status):
                batch.steps.append(.symbolicLink(name: name, target: target, metadata, status))
            case .hardLink(let name, let inode, let path, let status):
                batch.steps.append(.hardLink(name: name, inode, path: path, status))
            case .cache(let event):
                batch.steps.append(.cache(event))
                batch.linkByteCount += event.byteCount
            case .file(let entry): try await read(entry)
            }
        }
        try await flush(isLast: true)
    }

    private func read(_ entry: FileEntry) async throws {
        batch.steps.append(
            .beginFile(name: entry.name, entry.metadata, entry.inode, entry.note))
        do {
            guard try await readWhole(entry) else {
                counters.skip(SkippedInput(path: entry.path, reason: .changedWhileRead))
                return batch.steps.append(.abandonFile)
            }
            batch.steps.append(.endFile)
        } catch let error as IOError {
            counters.skip(SkippedInput(path: entry.path, error: error))
            batch.steps.append(.abandonFile)
        }
    }

    /// Reads the file until it stays the same from `stat` to end; false if it never does.
    private func readWhole(_ entry: FileEntry) async throws -> Bool {
        guard case .entry(let directory, let name, let following, let listed) = entry.origin else {
            var source = StandardInput()
            try await cut(entry, expected: nil) { buffer in try source.read(into: buffer) }
            return true
        }
        var status = listed
        for attempt in 0..<Self.attemptLimit {
            if attempt > 0 {
                batch.steps.append(.restartFile)
                status = try directory.status(of: name, following: following)
                guard status.kind == .regular else { return false }
            }
            let file = try directory.openFile(name, following: following)
            if status.byteCount > Int64(pool.slabByteCount) { file.adviseSequential() }
            let isWhole = try await cut(entry, expected: Int(status.byteCount)) { buffer in
                try file.read(into: buffer)
            }
            if isWhole, try file.status().isUnchanged(status) { return true }
        }
        return false
    }

    /// Reads from `source` to its end, or to `expected` bytes, and appends the chunks.
    ///
    /// - Returns: whether as many bytes came as expected.
    @discardableResult
    private func cut(
        _ entry: FileEntry, expected: Int?,
        from source: (UnsafeMutableRawBufferPointer) throws -> Int
    ) async throws -> Bool {
        if let expected, filled > 0, filled + expected > pool.slabByteCount {
            try await flush(isLast: false)
        }
        // A size of 0 may be that of a pseudo file, which has content all the same.
        var filling = Filling(limit: expected == 0 ? nil : expected)
        var start = filled
        var chunkCount = 0
        while true {
            try await ensureSlab()
            let readBefore = filling.total
            try meter.working {
                // Not held beyond this: whoever waits for a slab must hold none.
                guard let slab = batch.slab else { return }
                filled = try filling.fill(slab.bytes, from: filled, source)
                start = appendChunks(
                    of: slab, from: start, isFinal: filling.isAtEnd, entry.metadata, &chunkCount)
            }
            if let limiter, filling.total > readBefore {
                try await limiter.take(filling.total - readBefore)
            }
            if filling.isAtEnd, start == filled { break }
            start = try await makeRoom(keepingFrom: start)
        }
        if chunkCount == 0, emptyFilesHaveLeaf {
            batch.chunks.append(ChunkReference(range: filled..<filled, metadata: entry.metadata))
            batch.steps.append(.chunks(1))
        }
        counters.read(bytes: filling.total)
        return expected.map { $0 == 0 || $0 == filling.total } ?? true
    }

    /// Cuts what is in the slab from `start` on; returns where the first uncut byte stands.
    private func appendChunks(
        of slab: Slab, from start: Int, isFinal: Bool, _ metadata: UnixFSMetadata,
        _ chunkCount: inout Int
    ) -> Int {
        var start = start
        var appended = 0
        while start < filled, batch.chunks.count < Self.chunkLimit {
            let length = slab.withSpan(start..<filled) {
                chunker.nextChunkByteCount(in: $0, isFinal: isFinal)
            }
            guard let length else { break }
            let isSole = chunkCount == 0 && isFinal && start + length == filled
            batch.chunks.append(
                ChunkReference(
                    range: start..<start + length, metadata: isSole ? metadata : nil))
            batch.byteCount += length
            start += length
            chunkCount += 1
            appended += 1
        }
        if appended > 0 { batch.steps.append(.chunks(appended)) }
        return start
    }

    /// Sends the batch off, so that reading or cutting can go on, and returns where the uncut
    /// bytes, which began at `start`, stand from now on.
    private func makeRoom(keepingFrom start: Int) async throws -> Int {
        if batch.chunks.count == Self.chunkLimit {
            // The rest of the slab is cut into the next batch; both only read what is filled.
            let (slab, end) = (batch.slab, filled)
            try await flush(isLast: false)
            batch.slab = slab
            filled = end
            return start
        }
        // A copy of its own, because the old slab goes before the new one comes: readers that
        // held one each while they waited for another would wait for each other.
        let tail = batch.slab.map { Array($0.bytes[start..<filled]) } ?? []
        try await flush(isLast: false)
        try await ensureSlab()
        if !tail.isEmpty { batch.slab?.bytes.copyBytes(from: tail) }
        filled = tail.count
        return 0
    }

    /// Makes sure that there is a slab to read into.
    private func ensureSlab() async throws {
        if batch.slab != nil { return }
        batch.slab = try await pool.acquire(meter)
        filled = 0
    }

    private func flush(isLast: Bool) async throws {
        try Task.checkCancellation()
        var full = batch
        full.isLast = isLast
        batch = ReadBatch(number: full.number, part: full.part + 1)
        filled = 0
        meter.count(items: full.chunks.count, bytes: full.byteCount)
        try await meter.send(
            full, weight: max(full.byteCount, full.steps.count * 64 + full.linkByteCount),
            to: output)
    }
}
