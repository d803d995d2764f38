// SPDX-License-Identifier: Apache-2.0

public import Catalog
import FileIO
public import Repository

/// Changes the tags of snapshots: what `cairn tag` does.
public struct SnapshotTags: Sendable {
    /// How often a change begins again because somebody else was first; a guess.
    private static let attemptLimit = 10
    /// The longest tag, in bytes; a guess above any use.
    private static let byteCountLimit = 256

    private let repository: Repository

    /// Changes tags of snapshots in `repository`.
    public init(_ repository: Repository) { self.repository = repository }

    /// Adds tags to a snapshot and takes others away; durable when it returns, in the packs as well
    /// (promise P4).
    ///
    /// - Returns: the tags that it has now.
    /// - Throws: ``SnapshotError`` with `badReference` for what is no tag, `noSnapshot` if it is
    ///   gone; `CatalogError`, `PackError`.
    public func change(
        _ snapshot: SnapshotRecord, adding added: [String] = [], removing removed: [String] = []
    ) async throws -> [String] {
        for tag in added { try Self.check(tag) }
        for _ in 0..<Self.attemptLimit {
            let revision = try await repository.catalog.tagRevision(ofSnapshot: snapshot.id)
            guard let current = try await repository.catalog.snapshot(matching: snapshot.id) else {
                throw SnapshotError(.noSnapshot, "snapshot \(snapshot.id) is gone")
            }
            var tags = current.tags.filter { !removed.contains($0) }
            for tag in added where !tags.contains(tag) { tags.append(tag) }
            if tags == current.tags { return tags }
            let target = RootChange.Target(id: current.id, recordCID: current.recordCID)
            let change = RootChange(
                .tag(target, tags: tags, revision: revision + 1),
                at: repository.clock.milliseconds)
            do {
                try await repository.make([change])
                return tags
            } catch let error as CatalogError where error.code == .conflict {
                // Somebody was first: begin again with what they left.
            }
        }
        throw SnapshotError(
            .noSnapshot, "the tags of snapshot \(snapshot.id) are being changed all the time")
    }

    /// Checks that a word can be a tag.
    ///
    /// - Throws: ``SnapshotError`` with `badReference`.
    public static func check(_ tag: String) throws(SnapshotError) {
        let isTag =
            (1...byteCountLimit).contains(tag.utf8.count)
            && tag.unicodeScalars.allSatisfy {
                $0 != "," && $0.properties.generalCategory != .control
            }
        guard isTag else {
            throw SnapshotError(
                .badReference,
                "a tag is a word of 1 to \(byteCountLimit) bytes without commas and control characters"
            )
        }
    }
}
