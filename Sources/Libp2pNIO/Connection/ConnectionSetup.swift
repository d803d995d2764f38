// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import NIOCore

/// What a connection is made with.
struct ConnectionSetup: Sendable {
    let isInbound: Bool
    /// Where the other end is.
    let remoteAddress: Multiaddr
    /// The end here.
    let localAddress: Multiaddr?
    /// Who must be there; nil for anybody.
    let expectedPeer: PeerID?
    let identity: PrivateKey
    let tls: TLSIdentity
    /// What is proposed, best first, or taken.
    let securities: [ConnectionSecurity]
    /// How long the upgrade may take.
    let upgradeTimeout: Duration
    let yamux: YamuxOptions
    let time: ElapsedTime
    /// For bytes that wait to be read.
    let memory: MemoryBudget
}
