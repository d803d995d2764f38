// SPDX-License-Identifier: Apache-2.0

import FileIO
import UnixFS

/// What becomes of single entries.
extension Scanner {
    /// Visits an entry of the innermost directory that has to be looked at closely.
    func visit(
        _ index: Int, _ status: FileStatus, _ decision: Selection.Decision,
        in level: DirectoryLevel
    ) async throws {
        if decision == .keep {
            level.hasKept = true
            // A directory that is only searched counts when something in it is kept.
            let isCertain = status.kind == .regular || status.kind == .symbolicLink
            if isCertain || !level.memory.isPending { try await enterLevels() }
        }
        let name = level.batch.name(at: index)
        let entry = FoundEntry(
            entryName: name, name: name, directory: level.directory, status: status,
            isSource: false, isSearched: decision == .search,
            isAtRest: isAtRest(status, listed: level.listed, trust: level.trust)
                && (!options.followsSymbolicLinks || status.device == level.status.device))
        let isSampled = sampledIndex == index
        sampledIndex = -1
        let remembered = try await find(name, in: level)
        if let remembered, let kind = status.cacheKind, level.isEntered {
            code.encode(status)
            if remembered.isSame(kind, code), kind != .file || !(isSampled || isVerified) {
                level.memory.links += remembered.bytes
                return countUnchanged(kind, status)
            }
        }
        try await visit(entry, remembered, trust: level.trust)
    }

    func visit(
        _ entry: FoundEntry, _ remembered: RememberedEntry? = nil, trust: TimestampTrust
    ) async throws {
        if entry.status.kind != .directory, let remembered,
            let number = remembered.entry.directoryNumber(in: remembered.bytes)
        {
            source?.lose(number)
        }
        switch entry.status.kind {
        case .directory: try await descend(entry, remembered, trust: trust)
        case .regular: try await visitFile(entry, remembered)
        case .symbolicLink: try await visitSymbolicLink(entry)
        default:
            if entry.isSource {
                throw IngestError(
                    .source,
                    "\(entry.path) is a \(entry.status.kind.noun), which has no content to ingest; pipe it in and use - instead"
                )
            }
            counters.note(special: entry.path, kind: entry.status.kind)
        }
    }

    private func visitSymbolicLink(_ entry: FoundEntry) async throws {
        let target: [UInt8]
        do { target = try entry.directory.symbolicLinkTarget(entry.entryName) } catch {
            return counters.skip(SkippedInput(path: entry.path, error: error))
        }
        let metadata = options.dag.metadata(
            .symlink, permissions: entry.status.permissions,
            modified: UnixFSTimestamp(entry.status.modified))
        tally.symbolicLinks += 1
        let status = source != nil && entry.isAtRest ? entry.status : nil
        try await emit(.symbolicLink(name: entry.name, target: target, metadata, status))
    }

    private func visitFile(_ entry: FoundEntry, _ remembered: RememberedEntry?) async throws {
        let status = entry.status
        let inode = status.linkCount > 1 ? Inode(status) : nil
        tally.files += 1
        let atRest = source != nil && entry.isAtRest ? status : nil
        if let inode, !remember(inode) {
            return try await emit(
                .hardLink(name: entry.name, inode, path: entry.path, atRest))
        }
        tally.bytes += Int(status.byteCount)
        let metadata = options.dag.metadata(
            .file, permissions: status.permissions, modified: UnixFSTimestamp(status.modified))
        var note: FileNote?
        if source != nil {
            code.encode(status)
            let expected = remembered.flatMap { $0.isSame(.file, code) ? $0.link : nil }
            note = FileNote(
                status: atRest, expected: expected, path: expected == nil ? "" : entry.path)
        }
        try await emit(
            .file(
                FileEntry(
                    origin: .entry(
                        of: entry.directory, name: entry.entryName,
                        following: options.followsSymbolicLinks, status),
                    name: entry.name, metadata: metadata, inode: inode, note: note)))
    }

    /// Whether `inode` is new.
    ///
    /// Past a bound none is remembered: its file is read again, which costs time and no space.
    private func remember(_ inode: Inode) -> Bool {
        if seenInodes.contains(inode) { return false }
        if seenInodes.count < HardLinks.limit { seenInodes.insert(inode) }
        return true
    }

    private func descend(
        _ entry: FoundEntry, _ remembered: RememberedEntry?, trust: TimestampTrust
    ) async throws {
        let (path, status) = (entry.path, entry.status)
        if options.followsSymbolicLinks,
            levels.contains(where: { Inode($0.status) == Inode(status) })
        {
            return counters.skip(SkippedInput(path: path, reason: .symbolicLinkLoop))
        }
        if levels.count == Self.depthLimit {
            return counters.skip(SkippedInput(path: path, reason: .tooDeep))
        }
        if options.staysOnFileSystem, let first = levels.first,
            first.status.device != status.device
        {
            tally.ignored += 1
            return try await emitEmptyDirectory(entry)
        }
        let level: DirectoryLevel
        do throws(IOError) {
            let opened = try entry.directory.openDirectory(
                entry.entryName, following: entry.isSource || options.followsSymbolicLinks)
            let isSameDevice = levels.last?.status.device == status.device
            level = try DirectoryLevel(
                opened, name: entry.name, status: status,
                trust: isSameDevice ? trust : try opened.timestampTrust(),
                rule: options.listing, clock: options.clock)
        } catch {
            if entry.isSource {
                throw IngestError(.source, "cannot read \(path): \(error.reason)", cause: error)
            }
            return counters.skip(SkippedInput(path: path, error: error))
        }
        do { try enterSelection(level, name: entry.isSource ? nil : entry.name) } catch let error
            as IOError
        {
            // Without its ignore file, the directory might give away what it names.
            return counters.skip(SkippedInput(path: path, error: error))
        }
        level.memory = try await memory(of: status, remembered)
        levels.append(level)
        // The root is kept even when empty; so is every directory unless asked otherwise.
        level.isKeptWhenEmpty =
            entry.isSource || (options.dag.includeEmptyDirectories && !entry.isSearched)
        try await recall(level)
        if level.isKeptWhenEmpty, !level.memory.isPending { try await enterLevels() }
    }

    /// Goes into a directory with its ignore file, if it has one.
    private func enterSelection(_ level: DirectoryLevel, name: [UInt8]?) throws {
        let isListed = level.isExhausted && level.failure == nil
        if isListed, !level.batch.contains(Selection.ignoreFileName) {
            selection.enter(name: name, rules: nil)
        } else {
            try selection.enter(level.directory, name: name)
        }
    }

    private func emitEmptyDirectory(_ entry: FoundEntry) async throws {
        guard options.dag.includeEmptyDirectories, !entry.isSearched else { return }
        try await enterLevels()
        let number = source?.makeNumber()
        let tag = number.map { RowTag(number: $0, status: entry.status) }
        try await emit(.enterDirectory(name: entry.name, metadata(of: entry.status), tag))
        try await emit(.leaveDirectory)
    }
}
