// SPDX-License-Identifier: Apache-2.0

import FileIO
import UnixFS

/// Directories that are remembered: how they begin, go on and end.
extension Scanner {
    /// Emits the source as a link if it is a file or symbolic link as remembered.
    func visitUnchanged(
        _ entry: FoundEntry, _ remembered: RememberedEntry?
    ) async throws -> Bool {
        guard let remembered, let kind = entry.status.cacheKind else { return false }
        code.encode(entry.status)
        guard remembered.isSame(kind, code), kind != .file || !isVerified else { return false }
        isSourceUnchanged = true
        countUnchanged(kind, entry.status)
        try await emit(.cache(.links(remembered.bytes)))
        return true
    }

    /// What the cache has of the source itself.
    func rememberedSource(_ name: [UInt8]) async throws -> RememberedEntry? {
        guard let row = try await source?.directory(0), let entry = RememberedEntry(row.entries),
            entry.bytes[entry.entry.name].elementsEqual(name)
        else { return nil }
        return entry
    }

    /// What is remembered of a directory that is about to be scanned.
    func memory(
        of status: FileStatus, _ remembered: RememberedEntry?
    ) async throws -> DirectoryMemory {
        guard let source else { return .none }
        guard let remembered, let number = remembered.entry.directoryNumber(in: remembered.bytes)
        else {
            return DirectoryMemory(
                number: source.makeNumber(), cached: nil, entry: nil, link: nil, isPending: false)
        }
        let cached = try await source.directory(number)
        return DirectoryMemory(
            number: number, cached: cached, entry: remembered.bytes[...], link: remembered.link,
            isPending: cached.map { $0.link != nil && hasSameMetadata($0, status) } ?? false)
    }

    private func hasSameMetadata(_ cached: CachedDirectory, _ status: FileStatus) -> Bool {
        let old = options.dag.metadata(
            .directory, permissions: cached.permissions, modified: UnixFSTimestamp(cached.modified))
        return old == metadata(of: status)
    }

    /// Finds the remembered entries that may be in the batch at hand.
    func recall(_ level: DirectoryLevel) async throws {
        guard let cached = level.memory.cached else { return }
        level.memory.candidates = []
        let batchIndex = level.boundaries.count
        guard !cached.segments.isEmpty else {
            if level.hasSeveralBatches { try await endPending(level) }
            level.memory.candidates = [cached.entries]
            return
        }
        let next = level.memory.nextSegment
        let boundary = level.isExhausted ? 0 : level.boundary ?? 0
        let cut = cached.segments[min(next, cached.segments.count)...].firstIndex {
            $0.boundary == boundary
        }
        let wanted =
            cut.map { max(next, $0 - 2)...$0 }
            ?? (next < cached.segments.count ? next...next : nil)
        var candidates: [CachedEntries] = []
        if let wanted, let number = level.memory.number, let source {
            for segment in wanted {
                let entries = try await source.entries(of: number, segment: segment, in: cached)
                if let entries { candidates.append(entries) }
            }
        }
        if candidates.count != 1 || cut != batchIndex { try await endPending(level) }
        level.memory.candidates = candidates
        if let cut { level.memory.nextSegment = cut + 1 }
    }

    /// Ends the pending state where the listing is cut otherwise than it was.
    private func endPending(_ level: DirectoryLevel) async throws {
        guard level.memory.isPending else { return }
        if level.hasKept || level.isKeptWhenEmpty { try await enterLevels() }
        level.memory.isPending = false
    }

    /// Ends a batch that is not the last.
    func endBatch(_ level: DirectoryLevel) async throws {
        if level.memory.isPending, !level.memory.isAtEnd { try await endPending(level) }
        guard level.isEntered else { return }
        try await flushLinks(of: level)
        if let boundary = level.boundary, level.memory.number != nil {
            try await emit(.cache(.endSegment(boundary)))
        }
    }

    /// Emits, for a level that was just entered, what was found in it before.
    func emitPassed(_ level: DirectoryLevel, inner: DirectoryLevel?) async throws {
        let wasPending = level.memory.isPending
        level.memory.isPending = false
        for (segment, boundary) in level.boundaries.enumerated() {
            if wasPending { try await emitSegment(segment, of: level) }
            if level.memory.number != nil { try await emit(.cache(.endSegment(boundary))) }
        }
        guard wasPending, !level.memory.candidates.isEmpty else { return }
        try await emitLinks(level.memory.candidates[0].passed)
        // The entry at which the directory within stands is taken, and not one that is missing.
        if inner?.memory.entry != nil { level.memory.candidates[0].advance() }
    }

    private func emitSegment(_ segment: Int, of level: DirectoryLevel) async throws {
        guard let cached = level.memory.cached, let number = level.memory.number, let source,
            let entries = try await source.entries(of: number, segment: segment, in: cached)
        else {
            throw IngestError(
                .staleCache,
                "the stat cache of \(level.directory.path) changed while it was used; run again")
        }
        try await emitLinks(entries.bytes[entries.start...])
    }

    /// Emits entries as they stand in a row, in pieces that end between entries.
    private func emitLinks(_ entries: ArraySlice<UInt8>) async throws {
        var rest = CachedEntries(Array(entries), from: 0)
        var start = 0
        while let current = rest.current {
            rest.advance()
            let end = current.range.upperBound
            guard end - start >= 16 * 1024 || rest.current == nil else { continue }
            try await emit(.cache(.links(Array(rest.bytes[start..<end]))))
            start = end
        }
    }

    func flushLinks(of level: DirectoryLevel) async throws {
        guard !level.memory.links.isEmpty else { return }
        let links = level.memory.links
        level.memory.links.removeAll(keepingCapacity: true)
        try await emit(.cache(.links(links)))
    }

    /// Leaves a directory whose listing has ended.
    func leave(_ level: DirectoryLevel) async throws {
        if level.memory.isPending {
            let isWhole = level.failure == nil && level.memory.isAtEnd
            if isWhole { return try await leaveUnchanged(level) }
            try await endPending(level)
        }
        if level.isEntered { try await flushLinks(of: level) }
        // What is left of the row is not there any more.
        if !level.hasSeveralBatches, level.failure == nil { loseRest(of: level) }
        levels.removeLast()
        selection.leave()
        if level.isEntered { return try await emit(.leaveDirectory) }
        // Nothing is left of it; where the level above is pending, that will find it missing.
        if level.memory.entry != nil, levels.last?.memory.isPending != true,
            let number = level.memory.number
        {
            source?.lose(number)
        }
    }

    private func loseRest(of level: DirectoryLevel) {
        for candidate in level.memory.candidates {
            var rest = candidate
            while let entry = rest.current {
                if let number = entry.directoryNumber(in: rest.bytes) { source?.lose(number) }
                rest.advance()
            }
        }
    }

    /// Leaves a directory that is wholly as remembered: it is a link in the one above.
    private func leaveUnchanged(_ level: DirectoryLevel) async throws {
        levels.removeLast()
        selection.leave()
        guard level.hasKept || level.isKeptWhenEmpty, let cached = level.memory.cached?.link,
            let entry = level.memory.entry
        else { return }
        tally.directories += 1
        source?.rely()
        let isSame = level.memory.link == cached
        let above = levels.last
        above?.hasKept = true
        if isSame, let above, above.memory.isPending {
            return above.memory.candidates[0].advance()
        }
        var bytes = Array(entry)
        if !isSame, let number = level.memory.number, let link = CacheEntry.link(cached) {
            bytes.removeAll()
            CacheEntry.append(directory: number, name: level.name, link, to: &bytes)
        }
        guard let above else {
            isSourceUnchanged = isSame
            return try await emit(.cache(.links(bytes)))
        }
        let wasPending = above.memory.isPending
        try await enterLevels()
        if wasPending { above.memory.candidates[0].advance() }
        above.memory.links += bytes
        if above.memory.links.count >= 16 * 1024 { try await flushLinks(of: above) }
    }
}
