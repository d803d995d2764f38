// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats

/// Which addresses are worth keeping, telling and dialling.
public struct ScopeFilter: Hashable, Sendable {
    /// Where the peers of a DHT are.
    public enum Scope: Hashable, Sendable {
        /// On the internet: public addresses only.
        case wan
        /// On the local network: addresses of private and link-local networks, unique local ones
        /// and those of loopback; but loopback that a peer elsewhere names leads nowhere but into
        /// this machine, and is dropped.
        case lan
        /// Anywhere: for tests of a WAN on one machine.
        case any
    }

    /// Where the peers are.
    public let scope: Scope
    /// Whether the one who names the addresses is on this machine.
    private let isLocalSource: Bool

    /// Filters what this host itself says, or a peer at `source`.
    public init(_ scope: Scope, namedFrom source: Multiaddr? = nil) {
        self.scope = scope
        isLocalSource = source?.isLoopback ?? true
    }

    /// Whether one address passes.
    public func keeps(_ address: Multiaddr) -> Bool {
        switch scope {
        case .any: !address.isUnspecified
        case .wan: address.isPublic
        case .lan: address.isPrivate && (isLocalSource || !address.isLoopback)
        }
    }

    /// The addresses that pass.
    public func kept(_ addresses: [Multiaddr]) -> [Multiaddr] { addresses.filter(keeps) }

    /// Whether a peer with `addresses` may be asked and enter the table: it has one that passes
    /// and, on the internet, leads through no relay.
    public func admits(_ addresses: [Multiaddr]) -> Bool {
        addresses.contains { keeps($0) && (scope != .wan || !$0.isCircuit) }
    }
}

/// What is taken from the peers that an answer names.
public struct AnswerFilter: Sendable {
    /// The addresses that pass.
    public let addresses: ScopeFilter
    /// Peers of one IP group; groups with more in one answer are dropped.
    ///
    /// nil takes all.
    public let peersPerGroup: Int?
    /// The peer looked for, which passes whatever its addresses.
    public let target: PeerID?

    /// Sets all.
    public init(addresses: ScopeFilter, peersPerGroup: Int?, target: PeerID? = nil) {
        self.addresses = addresses
        self.peersPerGroup = peersPerGroup
        self.target = target
    }

    /// The peers that pass, at most ``KademliaLimits/closerPeerCount``, with their addresses that
    /// do.
    public func kept(_ peers: [PeerInfo]) -> [PeerInfo] {
        let candidates = peers.prefix(KademliaLimits.closerPeerCount)
            .filter { $0.id == target || addresses.admits($0.addresses) }
            .map { PeerInfo(id: $0.id, addresses: addresses.kept($0.addresses)) }
        guard let peersPerGroup else { return candidates }
        var counts: [IPGroup: Int] = [:]
        let groups = candidates.map { IPGroup.groups(of: $0.addresses) }
        for group in groups.joined() { counts[group, default: 0] += 1 }
        return zip(candidates, groups).filter { peer, groups in
            peer.id == target || groups.allSatisfy { counts[$0, default: 0] <= peersPerGroup }
        }.map(\.0)
    }
}
