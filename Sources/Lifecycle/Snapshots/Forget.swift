// SPDX-License-Identifier: Apache-2.0

import BlockStore
public import Catalog
import FileIO
public import Foundation
public import Repository

/// Takes snapshots away, by name or by rule: what `cairn forget` does.
///
/// Only the snapshots go; the next garbage collection removes the blocks that nothing else keeps.
public struct Forget: Sendable {
    /// What becomes of each snapshot of one series.
    public struct Group: Sendable {
        /// What its snapshots have in common.
        public let key: SnapshotGrouping.Key
        /// What becomes of them, newest first.
        public let decisions: [RetentionPolicy.Decision]
    }

    /// Snapshots that one record names.
    ///
    /// Bounds the record to some megabytes.
    private static let recordLimit = 10_000

    private let repository: Repository

    /// Forgets snapshots of `repository`.
    public init(_ repository: Repository) { self.repository = repository }

    /// Decides by `policy`, for each series alone; nothing is changed.
    ///
    /// - Parameters:
    ///   - filter: the snapshots that are decided on; all others stay.
    ///   - mayRemoveAll: whether a series may lose all its snapshots.
    ///   - milliseconds: the time it is, since 1970 (UTC).
    ///   - zone: whose days, weeks, months and years count.
    /// - Throws: ``SnapshotError`` with `removesAll` if the policy is empty, or keeps nothing of a
    ///   series; `CatalogError`.
    public func plan(
        _ policy: RetentionPolicy, of filter: SnapshotFilter = SnapshotFilter(),
        grouping: SnapshotGrouping = .standard, mayRemoveAll: Bool = false,
        now milliseconds: Int64, in zone: TimeZone = .current
    ) async throws -> [Group] {
        guard !policy.isEmpty else {
            throw SnapshotError(
                .removesAll,
                "without a rule nothing would be kept; give one, such as --keep-daily 7, or the ids of snapshots"
            )
        }
        let snapshots = filter.select(try await repository.catalog.snapshots(limit: nil))
        return try grouping.groups(of: snapshots).map { group in
            let decisions = policy.decide(on: group.snapshots, now: milliseconds, in: zone)
            guard mayRemoveAll || decisions.contains(where: \.isKept) else {
                let count = decisions.count
                throw SnapshotError(
                    .removesAll,
                    "the rules keep none of the \(count) snapshots of \(group.key); add a rule such as --keep-last 1, or allow it with --remove-all"
                )
            }
            return Group(key: group.key, decisions: decisions)
        }
    }

    /// Forgets `snapshots`; when it returns that is durable, in the packs as well (promise P4).
    ///
    /// - Throws: `CatalogError`, `PackError`.
    public func forget(_ snapshots: [SnapshotRecord]) async throws {
        for start in stride(from: 0, to: snapshots.count, by: Self.recordLimit) {
            let part = snapshots[start..<min(start + Self.recordLimit, snapshots.count)]
            let targets = part.map { RootChange.Target(id: $0.id, recordCID: $0.recordCID) }
            try await repository.make([
                RootChange(.forget(targets), at: repository.clock.milliseconds)
            ])
        }
    }
}

extension RootChange {
    /// A change made at that time, not yet recorded.
    init(_ action: Action, at milliseconds: Int64) {
        self.init(
            id: PackID.make().description, madeAtMilliseconds: milliseconds, action: action)
    }
}

extension SnapshotGrouping.Key: CustomStringConvertible {
    /// As in "host box, /data".
    public var description: String {
        let parts = [
            host.map { "host \($0)" }, sources.map { $0.joined(separator: " ") },
            tags.map { $0.isEmpty ? "no tags" : "tags \($0.joined(separator: ","))" },
        ]
        let text = parts.compactMap(\.self).joined(separator: ", ")
        return text.isEmpty ? "all" : text
    }
}
