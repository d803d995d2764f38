// SPDX-License-Identifier: Apache-2.0

public import Libp2p

extension ProtocolID {
    /// The public IPFS DHT.
    public static let kademlia: ProtocolID = "/ipfs/kad/1.0.0"
    /// The DHT of a private or local network.
    public static let lanKademlia: ProtocolID = "/ipfs/lan/kad/1.0.0"
}
