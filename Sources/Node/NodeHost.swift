// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// The host that a node runs on, and what is known of it beyond the contract: one on sockets, or
/// one in memory.
struct NodeHost: Sendable {
    /// The host itself.
    let host: any Host
    /// The public half of its key.
    let publicKey: PublicKey
    /// The protocols that it answers.
    var protocols: @Sendable () -> Set<ProtocolID> = { [] }
    /// What a peer said that it is.
    var agent: @Sendable (PeerID) -> String? = { _ in nil }
    /// Returns once it listens.
    var untilListening: @Sendable () async throws -> Void = {}
    /// Serves until it is cancelled; then all connections are closed.
    let run: @Sendable () async throws -> Void
}
