// SPDX-License-Identifier: Apache-2.0

import BlockStore
public import Multiformats
import PackStore

/// Why a garbage collection could not be done.
public struct CollectionError: Error, Sendable {
    /// What went wrong, as far as callers act on it.
    public enum Code: Hashable, Sendable {
        /// Another collection is running. Retryable when it has ended.
        case running
        /// Sessions that began before did not end in time. Retryable when they have.
        case sessions
        /// A block, or the pack that holds it, is missing: what it links to is not known.
        case missing
        /// A block or pack is damaged: what it links to is not known.
        case unreadable
        /// A block is sound, but not what its codec says: what it links to is not known.
        case undecodable
        /// Packs came and went faster than they could be read. Retryable.
        case moving
    }

    /// The kind of failure.
    public let code: Code
    /// What happened and what to do about it.
    public let message: String
    /// The block concerned, if it is one.
    public let cid: CID?
    /// The error behind this one.
    public let cause: (any Error)?

    init(_ code: Code, _ message: String, cid: CID? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cid = cid
        self.cause = cause
    }

    init(unreadable cid: CID, _ error: PackError) {
        self.init(
            .unreadable,
            "block \(cid) cannot be read (\(error)), so what it needs is not known; nothing was freed. Run `cairn repair`",
            cid: cid, cause: error)
    }

    /// A node of an incomplete snapshot is lost, and with it what it links to is not known.
    static func lost(_ cid: CID, _ error: PackError?) -> CollectionError {
        CollectionError(
            error == nil ? .missing : .unreadable,
            "block \(cid) is lost\(error.map { " (\($0))" } ?? ""), so which blocks it needs is not known; nothing was freed. `cairn repair` looks for it; `cairn repair --drop` forgets the snapshots that lack it; `cairn gc --give-up-lost` frees what only lost blocks link to",
            cid: cid, cause: error)
    }

    /// A pack left its tier, or the catalog, while it was to be read.
    static func moved(_ pack: PackID) -> CollectionError {
        CollectionError(.moving, "pack \(pack) went away while it was to be read; run again")
    }
}

extension CollectionError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
