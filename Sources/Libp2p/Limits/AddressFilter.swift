// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Which addresses and peers a host has to do with: for what it dials as for what it accepts.
///
/// Deny goes before allow; an empty allow list allows all. Names are judged by what they resolve
/// to: dial only the addresses that ``allows(_:)``, never a name.
public struct AddressFilter: Hashable, Sendable {
    /// Networks beside which no other is dialled or accepted; empty is no restriction.
    public var allowedNetworks: [IPNetwork]
    /// Networks that are neither dialled nor accepted.
    public var deniedNetworks: [IPNetwork]
    /// Peers beside which nobody else is connected to; empty is no restriction.
    public var allowedPeers: Set<PeerID>
    /// Peers that are refused.
    public var deniedPeers: Set<PeerID>

    /// Allows all, unless told otherwise.
    public init(
        allowedNetworks: [IPNetwork] = [], deniedNetworks: [IPNetwork] = [],
        allowedPeers: Set<PeerID> = [], deniedPeers: Set<PeerID> = []
    ) {
        self.allowedNetworks = allowedNetworks
        self.deniedNetworks = deniedNetworks
        self.allowedPeers = allowedPeers
        self.deniedPeers = deniedPeers
    }

    /// Whether the IP address that `address` starts with may be dialled, listened on or accepted.
    ///
    /// One that starts with a name passes only if no network is excluded in any way, since nobody
    /// knows yet where it leads; neither does one of another kind.
    public func allows(_ address: Multiaddr) -> Bool {
        guard let ip = address.ipAddress else {
            return allowedNetworks.isEmpty && deniedNetworks.isEmpty
        }
        return allows(ip)
    }

    /// Whether `ip`, of 4 or 16 bytes, may be dialled, listened on or accepted.
    public func allows(_ ip: [UInt8]) -> Bool {
        if deniedNetworks.contains(where: { $0.contains(ip) }) { return false }
        return allowedNetworks.isEmpty || allowedNetworks.contains { $0.contains(ip) }
    }

    /// Whether private networks alone are allowed.
    package var keepsToPrivateNetworks: Bool {
        !allowedNetworks.isEmpty && allowedNetworks.allSatisfy(\.isPrivate)
    }

    /// Whether there may be a connection to `peer`.
    public func allows(_ peer: PeerID) -> Bool {
        if deniedPeers.contains(peer) { return false }
        return allowedPeers.isEmpty || allowedPeers.contains(peer)
    }
}

extension Multiaddr {
    /// The IP address at the start, in 4 or 16 bytes; nil if there is none.
    package var ipAddress: [UInt8]? {
        switch components.first {
        case .ip4(let bytes)?, .ip6(let bytes)?: bytes
        default: nil
        }
    }
}
