// SPDX-License-Identifier: Apache-2.0

import FileIO
import Libp2p
import Multiformats

/// The host that a node runs on, and what is known of it beyond the contract: one on sockets, or
/// one in memory.
struct NodeHost: Sendable {
    /// The host itself.
    let host: any Host
    /// Its key.
    let key: PrivateKey
    /// The protocols that it answers.
    var protocols: @Sendable () -> Set<ProtocolID> = { [] }
    /// What a peer said that it is.
    var agent: @Sendable (PeerID) -> String? = { _ in nil }
    /// Whether a peer on the internet has opened a connection that is still there.
    var hasStranger: @Sendable () -> Bool = { false }
    /// Returns once it listens.
    var untilListening: @Sendable () async throws -> Void = {}
    /// How long a peer takes to answer, with a deadline; connects first if need be.
    let ping: @Sendable (PeerID) async throws -> Duration
    /// Serves until it is cancelled; then all connections are closed.
    let run: @Sendable () async throws -> Void

    /// What the host tells of itself, signed: its addresses now.
    func signedRecord() throws -> SignedEnvelope {
        let record = PeerRecord(
            peerID: host.peerID, sequence: UInt64(WallClock.milliseconds),
            addresses: host.addresses)
        return try record.seal(by: key)
    }
}
