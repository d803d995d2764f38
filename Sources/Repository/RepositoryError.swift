// SPDX-License-Identifier: Apache-2.0

/// Why a repository cannot be used.
public struct RepositoryError: Error, CustomStringConvertible, Sendable {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// There is no repository at the path.
        case missing
        /// The path holds something else.
        case notARepository
        /// `config.yaml` cannot be understood.
        case badConfig
        /// A newer release wrote the repository.
        case newerFormat
        /// The catalog does not fit the packs; `cairn reindex` mends that.
        case needsReindex
    }

    /// The kind of failure.
    public let code: Code
    /// What is wrong, where, and what to do about it.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
