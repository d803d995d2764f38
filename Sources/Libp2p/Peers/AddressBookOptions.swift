// SPDX-License-Identifier: Apache-2.0

/// How much an address book remembers.
///
/// The whole stays under `peers` x (`addressesPerPeer` x ~100 B + `protocolsPerPeer` x ~80 B +
/// 4 KiB of record); in practice a peer with five addresses and 30 protocols takes about 4 KiB.
public struct AddressBookOptions: Hashable, Sendable {
    /// Peers in all; those used longest ago make room.
    ///
    /// Default 8,192, at least 16.
    public var peers: Int
    /// Addresses of one peer; those that expire first make room.
    ///
    /// Default 64.
    public var addressesPerPeer: Int
    /// Protocols of one peer; more are dropped.
    ///
    /// Default 256.
    public var protocolsPerPeer: Int
    /// How long the addresses of a peer are kept once it has disconnected.
    ///
    /// Default 30 minutes, as in go-libp2p.
    public var recentlyConnected: Duration

    /// Sets all.
    public init(
        peers: Int = 8192, addressesPerPeer: Int = 64, protocolsPerPeer: Int = 256,
        recentlyConnected: Duration = .seconds(1800)
    ) {
        precondition(peers >= 16 && addressesPerPeer > 0 && protocolsPerPeer > 0)
        self.peers = peers
        self.addressesPerPeer = addressesPerPeer
        self.protocolsPerPeer = protocolsPerPeer
        self.recentlyConnected = recentlyConnected
    }
}
