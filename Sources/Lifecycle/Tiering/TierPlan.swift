// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Repository

/// What is to be done with packs so that each lies where the rules want it.
public struct TierPlan: Hashable, Sendable {
    /// The steps, in the order in which they are to be done: copies before moves.
    public var steps: [TierStep]

    /// A plan of these steps.
    public init(_ steps: [TierStep] = []) { self.steps = steps }

    /// Bytes that are written to tiers.
    public var writtenByteCount: Int64 {
        steps.reduce(0) {
            if case .drop = $1.action { return $0 }
            return $0 + $1.storedByteCount
        }
    }
}

/// One thing to do with one pack.
public struct TierStep: Hashable, Sendable {
    /// What is done.
    public enum Action: Hashable, Sendable {
        /// Write the pack to `to`, check it there, read it from there, and delete it in `from`.
        case move(from: PackTier, to: PackTier)
        /// Write a further copy, and check it.
        case copy(from: PackTier, to: PackTier)
        /// Delete a further copy that nothing asks for.
        case drop(in: PackTier)
        /// Put a copy of the one in `from` in the place of one that is bad or missing.
        case heal(in: PackTier, from: PackTier)
    }

    /// The pack.
    public var pack: PackID
    /// What is done.
    public var action: Action
    /// The size of the pack's file, in bytes.
    public var storedByteCount: Int64
    /// Why, for people: "older than 30d".
    public var reason: String

    /// Describes a step.
    public init(_ pack: PackID, _ action: Action, storedByteCount: Int64, reason: String) {
        self.pack = pack
        self.action = action
        self.storedByteCount = storedByteCount
        self.reason = reason
    }

    /// The tier that the step writes to, or deletes from.
    public var destination: PackTier {
        switch action {
        case .move(_, let tier), .copy(_, let tier), .drop(let tier), .heal(let tier, _): tier
        }
    }
}

/// Why tiers are not as they were asked to be.
public struct TierError: Error, CustomStringConvertible, Sendable {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// Another process moves packs, or deletes some. Retryable.
        case busy
        /// There is no tier of that name, or it cannot take such packs.
        case badRequest
        /// What was written is not what is read back: the destination is not to be trusted.
        case badCopy
        /// The pack is damaged where it lies, so that it was not moved.
        case damagedPack
    }

    /// The kind of failure.
    public let code: Code
    /// What is wrong, and what to do about it.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// Another process holds the lock of a repository's tiers.
    public static func busy(_ repository: Repository) -> TierError {
        TierError(
            .busy,
            "another process moves packs of \(repository.path), or deletes some; run this again when it is done"
        )
    }
}

extension TierStep.Action: CustomStringConvertible {
    /// "moving it from tier hot to tier cold".
    public var description: String {
        switch self {
        case .move(let source, let tier): "moving it from tier \(source) to tier \(tier)"
        case .copy(let source, let tier): "copying it from tier \(source) to tier \(tier)"
        case .drop(let tier): "deleting its copy in tier \(tier)"
        case .heal(let tier, let source): "healing it in tier \(tier) from tier \(source)"
        }
    }
}
