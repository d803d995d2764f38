// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// A peer and where it may be reached.
public struct PeerInfo: Hashable, Sendable {
    /// Who.
    public var id: PeerID
    /// Where, without `/p2p`; may be empty.
    public var addresses: [Multiaddr]

    /// Puts both together.
    public init(id: PeerID, addresses: [Multiaddr]) {
        self.id = id
        self.addresses = addresses
    }
}
