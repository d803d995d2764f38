// SPDX-License-Identifier: Apache-2.0

/// Why a rendezvous failed.
public struct RendezvousError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// The server said no. May be retried if the status is `unavailable` or `internalError`.
        case refused(RendezvousMessage.Status)
        /// The other side broke the protocol.
        case protocolViolation
        /// No answer came in time. May be retried.
        case timedOut
    }

    /// The kind.
    public let code: Code
    /// What happened, for people.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
