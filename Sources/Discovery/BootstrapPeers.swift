// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats

/// The peers to begin with.
public struct BootstrapPeers: Hashable, Sendable {
    /// In the order given, each peer once with all its addresses.
    public let peers: [PeerInfo]

    /// Groups addresses by their peer.
    ///
    /// - Throws: ``BootstrapError`` for an address without a peer.
    public init(_ addresses: [Multiaddr]) throws(BootstrapError) {
        var order: [PeerID] = []
        var known: [PeerID: [Multiaddr]] = [:]
        for address in addresses {
            guard let peer = address.peerID else { throw .noPeer(address) }
            if known[peer] == nil { order.append(peer) }
            let bare = address.withoutPeerID()
            if known[peer]?.contains(bare) != true { known[peer, default: []].append(bare) }
        }
        peers = order.map { PeerInfo(id: $0, addresses: known[$0] ?? []) }
    }

    /// Parses what a user gives: `none`, `default`, or addresses with `/p2p`; `default` may stand
    /// among addresses.
    ///
    /// - Throws: ``BootstrapError`` with the text that is wrong.
    public init(texts: [String]) throws(BootstrapError) {
        var addresses: [Multiaddr] = []
        for text in texts {
            switch text {
            case "none" where texts.count == 1: continue
            case "default": addresses += Self.public.addresses
            default:
                do { addresses.append(try Multiaddr(text: text)) } catch { throw .text(text) }
            }
        }
        try self.init(addresses)
    }

    /// Nobody: for tests, and networks of one's own.
    public static let none = BootstrapPeers(unchecked: [])

    /// The bootstrap peers of the public IPFS network, as go-libp2p-kad-dht lists them.
    public static let `public` = BootstrapPeers(
        unchecked: [
            "/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN",
            "/dnsaddr/bootstrap.libp2p.io/p2p/QmQCU2EcMqAqQPR2i9bChDtGNJchTbq5TbXJJ16u19uLTa",
            "/dnsaddr/bootstrap.libp2p.io/p2p/QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb",
            "/dnsaddr/bootstrap.libp2p.io/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt",
            "/dnsaddr/va1.bootstrap.libp2p.io/p2p/12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8",
            "/ip4/104.131.131.82/tcp/4001/p2p/QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ",
        ])

    private init(unchecked texts: [String]) {
        do { self = try BootstrapPeers(texts: texts) } catch {
            preconditionFailure("a built-in address is wrong: \(error)")
        }
    }

    /// All addresses, each with its peer.
    public var addresses: [Multiaddr] {
        peers.flatMap { peer in peer.addresses.map { $0.appending(.p2p(peer.id)) } }
    }
}

/// Why addresses name no peers to begin with.
public enum BootstrapError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The address does not end in `/p2p` and a peer ID.
    case noPeer(Multiaddr)
    /// The text is no address.
    case text(String)

    /// A sentence for the user.
    public var description: String {
        switch self {
        case .noPeer(let address): "\(address) does not say whose address it is; add /p2p/PEER-ID"
        case .text(let text):
            "`\(text)` is no address; give one such as /ip4/192.0.2.1/tcp/4001/p2p/PEER-ID, `default`, or `none` alone"
        }
    }
}
