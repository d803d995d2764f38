// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
public import Repository

/// When a garbage collection is due, and how much it is to free: two marks, so that it does not
/// run again for the next few bytes.
public struct Watermark: Hashable, Sendable {
    /// What makes a collection due.
    public enum Trigger: Hashable, Sendable {
        /// Less than this is free where the hot tier lies.
        case freeBelow(SpaceAmount)
        /// The packs of the hot tier take more than this.
        case storedAbove(SpaceAmount)
    }

    /// The mark at which a collection is due.
    public var trigger: Trigger
    /// The mark that it is to reach: at least so much free, or at most so much stored; nil for as
    /// good as it gets.
    public var target: SpaceAmount?

    /// A trigger and how far to go.
    public init(_ trigger: Trigger, until target: SpaceAmount? = nil) {
        self.trigger = trigger
        self.target = target
    }

    /// The mark that a configuration sets; nil if it sets none.
    public init?(_ config: CollectionConfig) {
        if let amount = config.freeBelow {
            self.init(.freeBelow(amount), until: config.until)
        } else if let amount = config.storedAbove {
            self.init(.storedAbove(amount), until: config.until)
        } else {
            return nil
        }
    }

    /// What was measured, and what it asks for.
    public struct Reading: Hashable, Sendable {
        /// Free bytes, or bytes stored, whichever the trigger looks at.
        public var byteCount: Int64
        /// The mark, in bytes.
        public var limit: Int64
        /// Whether a collection is due.
        public var isDue: Bool
        /// How many bytes it is to free; nil for all that it can.
        public var freeTarget: Int64?
    }

    /// Measures a repository.
    ///
    /// - Throws: `IOError`, `CatalogError`.
    public func read(_ repository: Repository) async throws -> Reading {
        let path = repository.path + "/packs/" + PackTier.hot.name
        let (free, capacity) = try await BlockingPool.shared.run {
            (
                Int64(try FileSystem.availableByteCount(at: path)),
                Int64(try FileSystem.capacityByteCount(at: path))
            )
        }
        switch trigger {
        case .freeBelow(let amount):
            return Self.reading(
                free, below: amount.byteCount(of: capacity),
                until: target?.byteCount(of: capacity))
        case .storedAbove(let amount):
            let stored = try await repository.catalog.totals().groups
                .filter { $0.tier == .hot }.reduce(Int64(0)) { $0 + $1.storedByteCount }
            return Self.reading(
                stored, above: amount.byteCount(of: capacity),
                until: target?.byteCount(of: capacity))
        }
    }

    /// What was measured, in words.
    public func text(_ reading: Reading) -> String {
        let what = if case .freeBelow = trigger { "free" } else { "stored" }
        let size = ByteSize.text(Int(clamping: reading.byteCount))
        return "\(size) \(what), the mark is \(ByteSize.text(Int(clamping: reading.limit)))"
    }

    static func reading(_ free: Int64, below limit: Int64, until target: Int64?) -> Reading {
        Reading(
            byteCount: free, limit: limit, isDue: free < limit,
            freeTarget: target.map { max($0 - free, 0) })
    }

    static func reading(_ stored: Int64, above limit: Int64, until target: Int64?) -> Reading {
        Reading(
            byteCount: stored, limit: limit, isDue: stored > limit,
            freeTarget: target.map { max(stored - $0, 0) })
    }
}
