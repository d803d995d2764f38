// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Why a store of blocks could not do what was asked.
public struct BlockStoreError: Error, Sendable {
    /// What went wrong, as far as callers act on it.
    public enum Code: Hashable, Sendable {
        /// The store does not have the block. Retrying helps only if somebody puts it.
        case notFound
        /// The store has the block, but its bytes are damaged; another copy may help.
        case corrupt
        /// The bytes given do not hash to the CID given, or their hash function is unknown.
        case mismatch
        /// The storage behind failed; ``BlockStoreError/cause`` tells.
        case failed
    }

    /// The kind of failure.
    public let code: Code
    /// The block concerned, or nil if it is the store.
    public let cid: CID?
    /// The reason, for people.
    public let message: String
    /// The error behind this one.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, cid: CID?, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.cid = cid
        self.message = message
        self.cause = cause
    }

    /// The error of a block that is not there.
    public static func notFound(_ cid: CID) -> BlockStoreError {
        BlockStoreError(.notFound, cid: cid, message: "not in the store")
    }
}

extension BlockStoreError: CustomStringConvertible {
    /// "block CID: MESSAGE".
    public var description: String { cid.map { "block \($0): \(message)" } ?? message }
}
