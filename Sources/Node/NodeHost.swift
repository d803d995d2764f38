// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// The host that a node runs on: one on sockets, or one in memory.
struct NodeHost: Sendable {
    /// The host itself.
    let host: any Host
    /// The public half of its key.
    let publicKey: PublicKey
    /// Where it listens, with real ports, without `/p2p`.
    let listening: [Multiaddr]
    /// The protocols that it answers.
    let protocols: @Sendable () -> [ProtocolID]
    /// Serves until it is cancelled; then all connections are closed.
    let run: @Sendable () async throws -> Void
}
