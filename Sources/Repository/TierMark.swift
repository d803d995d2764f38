// SPDX-License-Identifier: Apache-2.0

import BlockStore
import FileIO
import ObjectStore

/// What an object in each long-term tier says: whose tier it is.
struct TierMark: Hashable {
    /// The object's name.
    static let key: ObjectKey = {
        guard let key = ObjectKey("cairn-tier") else { preconditionFailure("no object name") }
        return key
    }()

    private static let firstLine = "cairn-tier 1"
    /// Longer marks are not read; this one takes some 100 bytes.
    private static let byteLimit: Int64 = 1 << 12

    /// The repository's identity.
    var repository: String
    /// The tier's name there.
    var tier: String

    private var text: String {
        "\(Self.firstLine)\nrepository \(repository)\ntier \(tier)\n"
    }

    /// The mark in `store`, nil if there is none.
    static func read(_ store: any ObjectStore) throws(ObjectStoreError) -> TierMark? {
        let bytes: [UInt8]
        do {
            let reader = try store.open(key)
            guard reader.byteCount <= byteLimit else { return nil }
            bytes = try reader.read(Int(reader.byteCount), at: 0)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 3, lines[0] == firstLine, lines[1].hasPrefix("repository "),
            lines[2].hasPrefix("tier ")
        else {
            throw ObjectStoreError(
                .unavailable, key: key, message: "its mark `\(key)` cannot be understood")
        }
        return TierMark(
            repository: String(lines[1].dropFirst("repository ".count)),
            tier: String(lines[2].dropFirst("tier ".count)))
    }

    /// Writes the mark where there is none, and reads it back: one that came to be another would
    /// shut the tier for good.
    ///
    /// - Throws: `ObjectStoreError` with `unverified` if it is another, and has been removed.
    func write(_ store: any ObjectStore) throws(ObjectStoreError) {
        if let part = try store.takeOver(Self.key) { part.abandon() }
        let writer = try store.create(Self.key)
        try writer.append(Array(text.utf8))
        try writer.seal()
        let stored: TierMark?
        do { stored = try Self.read(store) } catch {
            guard error.code == .unavailable, error.key == Self.key else { throw error }
            stored = nil
        }
        guard stored != self else { return }
        try store.delete(Self.key)
        throw ObjectStoreError(
            .unverified, key: Self.key,
            message:
                "\(Self.key): what was stored is not what was sent; check the server, and try again"
        )
    }
}

/// The name by which a repository's tiers know it, and which of them are in use: `repository-id`.
///
/// Written by whoever holds the ``TierLock``.
struct RepositoryIdentity: Hashable, Sendable {
    private static let name = Array("repository-id".utf8)
    private static let byteLimit: Int64 = 1 << 16

    /// The repository's directory.
    let path: String

    /// The identity, a UUID; nil if none was made yet.
    func read() throws(ObjectStoreError) -> String? { try lines().first }

    /// Whether that tier was made ready, here or by ``note(_:)``.
    func isInUse(_ tier: PackTier) throws(ObjectStoreError) -> Bool {
        try lines().dropFirst().contains("tier \(tier)")
    }

    /// The identity, made if need be.
    func make() throws(ObjectStoreError) -> String {
        if let made = try read() { return made }
        let new = "\(PackID.make())"
        try write([new])
        return new
    }

    /// The identity, made if need be; from now on the tier is in use.
    func note(_ tier: PackTier) throws(ObjectStoreError) -> String {
        let identity = try make()
        let lines = try lines()
        if !lines.contains("tier \(tier)") { try write(lines + ["tier \(tier)"]) }
        return identity
    }

    private func lines() throws(ObjectStoreError) -> [String] {
        do throws(IOError) {
            let file = try Directory(path).openFile(Self.name)
            let byteCount = Int(min(try file.status().byteCount, Self.byteLimit))
            let text = String(decoding: try file.readExactly(byteCount, at: 0), as: UTF8.self)
            return text.split(separator: "\n").map { String($0) }
        } catch {
            if error.code == .notFound { return [] }
            throw ObjectStoreError(.other, key: nil, message: "\(error)", cause: error)
        }
    }

    private func write(_ lines: [String]) throws(ObjectStoreError) {
        do throws(IOError) {
            let directory = try Directory(path)
            let temporary = Self.name + Array(".new".utf8)
            if try directory.exists(temporary) { try directory.remove(temporary) }
            let file = try directory.createFile(temporary, permissions: 0o600)
            try file.writeAll(Array((lines.joined(separator: "\n") + "\n").utf8))
            try file.synchronize()
            try directory.rename(temporary, to: Self.name)
            try directory.synchronize()
        } catch {
            throw ObjectStoreError(.other, key: nil, message: "\(error)", cause: error)
        }
    }
}
