// SPDX-License-Identifier: Apache-2.0

import BlockStore
import FileIO
import ObjectStore
import Synchronization

/// The store of a configured tier, opened when it is first used.
///
/// So a tier that cannot be reached stops nobody who does not need it. A tier is known by its mark,
/// an object that names the repository: without it the tier counts as unreachable, since an empty
/// directory may be a disk that is not mounted, and another repository's packs must not be taken
/// for leftovers. A tier that was never made ready by ``prepare()`` is empty.
final class TierObjectStore: ObjectStore {
    private enum State {
        case closed
        case open(any ObjectStore)
    }

    private let config: TierConfig
    private let identity: RepositoryIdentity
    private let connect: @Sendable (TierConfig) throws(ObjectStoreError) -> any ObjectStore
    private let state = Mutex(State.closed)

    let readGranularity: Int

    init(
        _ config: TierConfig, identity: RepositoryIdentity, readGranularity: Int,
        connect: @escaping @Sendable (TierConfig) throws(ObjectStoreError) -> any ObjectStore
    ) {
        self.config = config
        self.identity = identity
        self.readGranularity = readGranularity
        self.connect = connect
    }

    /// Makes the tier ready to take packs: its directory, though none above it, and its mark.
    ///
    /// - Throws: ``ObjectStoreError`` with `unavailable` also if what is there is not this
    ///   repository's.
    func prepare() throws(ObjectStoreError) {
        if try identity.isInUse(config.tier) { return _ = try reach() }
        try explaining { () throws(ObjectStoreError) in
            if case .directory(let path) = config.backend { try Self.makeDirectory(path) }
            let store = try connect(config)
            if let mark = try TierMark.read(store) {
                try check(mark)
                _ = try identity.note(config.tier)
                return
            }
            if try store.list().contains(where: { $0 != TierMark.key }) {
                throw ObjectStoreError(
                    .unavailable, key: nil,
                    message:
                        "it holds objects but no mark of a repository; if they are this one's, run `cairn tier attach \(config.tier)`"
                )
            }
            // In use only with its mark: whoever is killed in between begins anew.
            try TierMark(repository: try identity.make(), tier: config.tier.name).write(store)
            _ = try identity.note(config.tier)
        }
        _ = try reach()
    }

    /// Takes over a tier whose repository is lost: from now on it is this one's.
    func attach() throws(ObjectStoreError) {
        try explaining { () throws(ObjectStoreError) in
            let store = try connect(config)
            let mark = TierMark(repository: try identity.note(config.tier), tier: config.tier.name)
            guard try TierMark.read(store) != mark else { return }
            do throws(ObjectStoreError) { try store.delete(TierMark.key) } catch {
                guard error.code == .notFound else { throw error }
            }
            try mark.write(store)
        }
    }

    func create(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectWriter {
        let store = try reach()
        return try explaining { () throws(ObjectStoreError) in try store.create(key) }
    }

    func open(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectReader {
        let store = try reach()
        return try explaining { () throws(ObjectStoreError) in try store.open(key) }
    }

    func list() throws(ObjectStoreError) -> [ObjectKey] {
        guard let store = try reachIfInUse() else { return [] }
        return try explaining { () throws(ObjectStoreError) in try store.list() }
    }

    func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        let store = try reach()
        try explaining { () throws(ObjectStoreError) in try store.delete(key) }
    }

    func unfinished() throws(ObjectStoreError) -> [ObjectKey] {
        guard let store = try reachIfInUse() else { return [] }
        return try explaining { () throws(ObjectStoreError) in try store.unfinished() }
    }

    func takeOver(_ key: ObjectKey) throws(ObjectStoreError) -> (any UnfinishedObject)? {
        let store = try reach()
        return try explaining { () throws(ObjectStoreError) in try store.takeOver(key) }
    }

    func discardUnfinished(_ key: ObjectKey) throws(ObjectStoreError) -> Bool {
        let store = try reach()
        return try explaining { () throws(ObjectStoreError) in try store.discardUnfinished(key) }
    }

    func byteCount(of key: ObjectKey) throws(ObjectStoreError) -> Int64 {
        let store = try reach()
        return try explaining { () throws(ObjectStoreError) in try store.byteCount(of: key) }
    }

    /// The open store; nil if the tier was never made ready, and so has nothing.
    private func reachIfInUse() throws(ObjectStoreError) -> (any ObjectStore)? {
        try identity.isInUse(config.tier) ? try reach() : nil
    }

    /// The open store, whose mark was read.
    private func reach() throws(ObjectStoreError) -> any ObjectStore {
        try state.withLock { state throws(ObjectStoreError) in
            if case .open(let store) = state { return store }
            let store = try explaining { () throws(ObjectStoreError) -> any ObjectStore in
                let store: any ObjectStore
                do throws(ObjectStoreError) { store = try connect(config) } catch {
                    throw error.code == .notFound ? error.with(.unavailable) : error
                }
                try check(try TierMark.read(store))
                return store
            }
            state = .open(store)
            return store
        }
    }

    private func check(_ mark: TierMark?) throws(ObjectStoreError) {
        guard let mark else {
            throw ObjectStoreError(
                .unavailable, key: nil,
                message:
                    "it has no mark `\(TierMark.key)`: is the disk mounted?"
            )
        }
        guard mark.repository == (try identity.read()), mark.tier == config.tier.name else {
            throw ObjectStoreError(
                .unavailable, key: nil,
                message:
                    "it is tier \(mark.tier) of another repository; give \(config.tier) a place of its own, or, if that repository is lost, take it over with `cairn tier attach \(config.tier)`"
            )
        }
    }

    /// Says in each error which tier it is about.
    private func explaining<Value>(
        _ body: () throws(ObjectStoreError) -> Value
    ) throws(ObjectStoreError) -> Value {
        do { return try body() } catch {
            let remedy =
                error.code == .unavailable
                ? "; see `tiers: \(config.tier)` at \(config.place)" : ""
            throw ObjectStoreError(
                error.code, key: error.key,
                message: "tier \(config.tier) (\(config.location)): \(error.message)\(remedy)",
                cause: error)
        }
    }

    /// Makes the last directory of `path`: those above are where a disk is mounted, and must be
    /// there.
    private static func makeDirectory(_ path: String) throws(ObjectStoreError) {
        let trimmed = path.utf8.last == UInt8(ascii: "/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/"), slash > trimmed.startIndex else { return }
        let name = Array(trimmed[trimmed.index(after: slash)...].utf8)
        do throws(IOError) {
            let parent = try Directory(String(trimmed[..<slash]))
            if try parent.exists(name) { return }
            try parent.createDirectory(name, permissions: 0o700)
            try parent.synchronize()
        } catch {
            throw ObjectStoreError(.unavailable, key: nil, message: "\(error)", cause: error)
        }
    }
}

extension ObjectStoreError {
    /// The same under another code.
    fileprivate func with(_ code: Code) -> ObjectStoreError {
        ObjectStoreError(code, key: key, message: message, cause: cause)
    }
}
