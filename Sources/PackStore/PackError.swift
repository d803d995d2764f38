// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import ObjectStore

/// Why a pack could not be written or read.
public struct PackError: Error, Sendable {
    /// What went wrong, as far as callers act on it.
    public enum Code: Hashable, Sendable {
        /// There is no such pack in the tier, or no such tier.
        case notFound
        /// There is a pack of that ID in the tier already.
        case exists
        /// The tier is full. Retryable, with a new pack, once space is freed.
        case noSpace
        /// Bytes of the pack are not what they must be; reading again does not help.
        case damaged
        /// The block at an ordinal is sound, but not the one that was expected there.
        case otherBlock
        /// A block, frame or pack would pass a limit of the format or of the options.
        case tooLarge
        /// The pack was written by a newer version of the format.
        case unsupported
        /// The writer was sealed or abandoned before.
        case closed
        /// The store behind the tier failed; ``PackError/cause`` tells.
        case io
        /// The tier cannot be reached now: not mounted, no network. Retryable.
        case unreachable
    }

    /// The kind of failure.
    public let code: Code
    /// The pack concerned, where it is known.
    public let pack: PackID?
    /// What was found or tried, for people; offsets are those of the pack's file.
    public let message: String
    /// The error behind this one.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, pack: PackID?, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.pack = pack
        self.message = message
        self.cause = cause
    }
}

extension PackError {
    /// Whether the store refused access: what the pack holds is not known to be bad or lost.
    public var isDenied: Bool { (cause as? ObjectStoreError)?.code == .denied }
}

extension PackError: CustomStringConvertible {
    /// "pack ID: MESSAGE".
    public var description: String { pack.map { "pack \($0): \(message)" } ?? message }
}

extension PackError {
    /// What the store behind a tier reported about a pack.
    public init(_ error: ObjectStoreError, pack: PackID?) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .exists: .exists
            case .noSpace: .noSpace
            case .endOfObject: .damaged
            case .closed: .closed
            case .unavailable: .unreachable
            case .denied, .device, .unverified, .other: .io
            }
        self.init(code, pack: pack, message: error.message, cause: error)
    }
}
