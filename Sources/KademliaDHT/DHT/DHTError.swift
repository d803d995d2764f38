// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Why a request to the DHT failed.
public struct DHTError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// The routing table is empty. Retry when there are connections.
        case noPeers
        /// Time was up. May be retried.
        case timedOut
        /// The peer ended the stream instead of answering, or in the midst of an announcement.
        case refused
        /// The answer is no message, or one to another request.
        case wrongAnswer
        /// This host has no address that it could tell others.
        case noAddress
        /// No peer took the provider record.
        case notStored
    }

    /// The kind.
    public let code: Code
    /// Who it is about.
    public let peer: PeerID?
    /// What happened, for people.
    public let message: String
    /// What lies below, if anything.
    public let cause: (any Error)?

    /// Describes a failure.
    public init(_ code: Code, peer: PeerID? = nil, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.peer = peer
        self.message = message
        self.cause = cause
    }

    /// The message, with the peer.
    public var description: String { peer.map { "\($0): \(message)" } ?? message }
}

/// Runs `body`, cancelled after `duration` on `clock`.
///
/// - Throws: ``DHTError`` with `timedOut`; what `body` throws.
func withDeadline<Value: Sendable>(
    _ duration: Duration, on clock: any Clock<Duration>, _ what: String,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await clock.sleep(for: duration)
            throw DHTError(.timedOut, "\(what) took more than \(duration)")
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
