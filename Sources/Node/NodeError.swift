// SPDX-License-Identifier: Apache-2.0

/// Why a node cannot run, or cannot be used.
public struct NodeError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// Another node runs on the repository.
        case alreadyRunning
        /// `identity.key` holds no key, or others may read it.
        case badIdentity
        /// An option or a line of `config.yaml` makes no sense.
        case badOptions
        /// The repository's path is too long for a socket.
        case pathTooLong
        /// The node that was asked ended, or broke the rules of the socket.
        case connectionLost
        /// No listen address could be opened.
        case cannotListen
    }

    /// The kind.
    public let code: Code
    /// What happened, and what to do about it.
    public let message: String

    /// Describes a failure.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
