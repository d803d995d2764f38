// SPDX-License-Identifier: Apache-2.0

import FileIO
import UnixFS

/// An entry of the stat cache, apart from its row.
struct RememberedEntry {
    /// All of it, as it stands in its row.
    let bytes: [UInt8]
    let entry: CacheEntry

    /// Tsize and CID.
    var link: ArraySlice<UInt8>? { entry.linkRange(in: bytes).map { bytes[$0] } }

    init?(_ entries: CachedEntries) {
        guard let current = entries.current else { return nil }
        bytes = Array(entries.bytes[current.range])
        let own = bytes.withUnsafeBytes { CacheEntry($0, at: 0, end: $0.count) }
        guard let own else { return nil }
        entry = own
    }

    /// Whether it is a `kind` of that status.
    func isSame(_ kind: CacheEntry.Kind, _ status: StatusCode) -> Bool {
        guard entry.kind == kind else { return false }
        return bytes.withUnsafeBytes { status.isPrefix(of: $0, in: entry.payload) }
    }
}

/// What need not be read because the stat cache knows it.
extension Scanner {
    /// Bytes of links that are gathered before they are emitted.
    private static let linkByteCount = 16 * 1024

    /// Where the fast walk over a batch stopped.
    enum Stop {
        /// The batch has no more entries.
        case end
        /// Enough links have come together.
        case links
        /// An entry that is not as remembered, or a directory.
        case entry(Int, FileStatus, Selection.Decision)
    }

    /// Walks over entries that are left out or as remembered; suspends nowhere.
    ///
    /// - Complexity: one system call per entry; no allocation for those that are as remembered.
    func advance(_ level: DirectoryLevel) -> Stop {
        let follows = options.followsSymbolicLinks
        defer { reportSome() }
        while level.position < level.batch.count {
            let index = level.position
            let kind = level.batch.kind(at: index)
            var status: FileStatus?
            // Where the listing does not tell whether an entry is a directory, `stat` comes first.
            if !kind.isSettled(following: follows) {
                status = stat(index, kind, in: level)
                if status == nil {
                    level.position += 1
                    continue
                }
            }
            let decision = decide(index, (status?.kind ?? kind) == .directory, in: level)
            if case .skip = decision {
                tally.ignored += 1
                level.position += 1
                continue
            }
            level.position += 1
            guard let status = status ?? stat(index, kind, in: level) else { continue }
            guard decision == .keep, isUnchanged(index, status, in: level) else {
                return .entry(index, status, decision)
            }
            if level.memory.links.count >= Self.linkByteCount { return .links }
        }
        return .end
    }

    private func decide(
        _ index: Int, _ isDirectory: Bool, in level: DirectoryLevel
    ) -> Selection.Decision {
        guard selection.isTrivial else {
            return selection.decision(name: level.batch.name(at: index), isDirectory: isDirectory)
        }
        let isHidden =
            level.batch.bytes[level.batch.nameRange(at: index).lowerBound] == UInt8(ascii: ".")
        return isHidden && !selection.includesHidden ? .skip(.hidden) : .keep
    }

    /// The entry's status; nil, and reported, if it cannot be had.
    private func stat(
        _ index: Int, _ kind: FileStatus.Kind, in level: DirectoryLevel
    ) -> FileStatus? {
        let follows = options.followsSymbolicLinks && kind != .directory
        do {
            return try level.directory.status(of: level.batch, at: index, following: follows)
        } catch {
            let path = level.directory.entryPath(level.batch.name(at: index))
            counters.skip(SkippedInput(path: path, error: error))
            return nil
        }
    }

    /// Whether a file or symbolic link is as remembered; if so, it has been dealt with.
    private func isUnchanged(
        _ index: Int, _ status: FileStatus, in level: DirectoryLevel
    ) -> Bool {
        guard let kind = status.cacheKind, level.memory.isPending || level.isEntered,
            level.memory.cached != nil
        else { return false }
        let found = level.batch.bytes.withUnsafeBytes { bytes -> Int? in
            let name = UnsafeRawBufferPointer(rebasing: bytes[level.batch.nameRange(at: index)])
            guard level.memory.isPending else {
                return level.memory.find(name) { lose($0, $1, in: level) }
            }
            return level.memory.candidates[0].order(to: name) == 0 ? 0 : nil
        }
        guard let found else { return false }
        code.encode(status)
        guard level.memory.candidates[found].isCurrent(kind, code) else { return false }
        if kind == .file, isVerified {
            sampledIndex = index
            return false
        }
        if !level.memory.isPending, let current = level.memory.candidates[found].current {
            level.memory.links += level.memory.candidates[found].bytes[current.range]
        }
        level.memory.candidates[found].advance()
        level.hasKept = true
        countUnchanged(kind, status)
        return true
    }

    /// Whether this file is of the share that is read all the same.
    var isVerified: Bool {
        options.verifiedShare > 0 && Double.random(in: 0..<1) < options.verifiedShare
    }

    func countUnchanged(_ kind: CacheEntry.Kind, _ status: FileStatus) {
        source?.rely()
        guard kind == .file else { return tally.symbolicLinks += 1 }
        tally.files += 1
        tally.bytes += Int(status.byteCount)
        tally.unchangedFiles += 1
        tally.unchangedBytes += Int(status.byteCount)
    }

    /// An entry of a row was not met: a directory has gone.
    ///
    /// Where a listing is cut, an entry may have moved to another part, so nothing is concluded.
    private func lose(_ entry: CacheEntry, _ bytes: [UInt8], in level: DirectoryLevel) {
        guard !level.hasSeveralBatches, let number = entry.directoryNumber(in: bytes) else {
            return
        }
        source?.lose(number)
    }

    /// The remembered entry of that name.
    ///
    /// Afterwards the level is no longer pending if an entry before it was not met.
    func find(_ name: [UInt8], in level: DirectoryLevel) async throws -> RememberedEntry? {
        guard level.memory.cached != nil, !level.memory.candidates.isEmpty else { return nil }
        if level.memory.isPending {
            let order = name.withUnsafeBytes { level.memory.candidates[0].order(to: $0) }
            guard let order, order <= 0 else { return nil }
            if order == 0 { return RememberedEntry(level.memory.candidates[0]) }
            try await becomeChanged(level)
        }
        let found = name.withUnsafeBytes { name in
            level.memory.find(name) { lose($0, $1, in: level) }
        }
        guard let found else { return nil }
        defer { level.memory.candidates[found].advance() }
        return RememberedEntry(level.memory.candidates[found])
    }

    /// Ends the pending state of a level in which something differs.
    private func becomeChanged(_ level: DirectoryLevel) async throws {
        if level.hasKept || level.isKeptWhenEmpty { try await enterLevels() }
        // With nothing kept so far, nothing was met that would have to be emitted.
        level.memory.isPending = false
    }

    /// Whether a write after `status` was taken would show.
    func isAtRest(
        _ status: FileStatus, listed: FileStatus.Time, trust: TimestampTrust
    ) -> Bool {
        guard let margin = trust.racyNanoseconds else { return false }
        let latest = max(status.modified, status.changed)
        let (seconds, overflow) = listed.seconds.subtractingReportingOverflow(latest.seconds)
        guard !overflow, seconds >= 0 else { return false }
        if seconds > 3_600 { return true }
        let age = seconds * 1_000_000_000 + Int64(listed.nanoseconds) - Int64(latest.nanoseconds)
        return age > margin
    }
}

extension FileStatus {
    /// What the stat cache keeps it as; nil for what it does not keep by its status.
    var cacheKind: CacheEntry.Kind? {
        switch kind {
        case .regular: .file
        case .symbolicLink: .symbolicLink
        default: nil
        }
    }
}
