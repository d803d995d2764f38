// SPDX-License-Identifier: Apache-2.0

package import Multiformats

/// Where peers on the internet see this host, such as behind a router that forwards a port.
///
/// What one peer says in identify is a claim. An IP address is believed once peers of
/// ``groupCount`` groups see this host at it, whichever side opened the connection. A port is
/// believed of those alone who came in by it, as outbound connections leave by ports of their own;
/// go-libp2p lets them leave by the one it listens on, and counts whole addresses. A group has one
/// voice for each direction, its last claim, so that many peers of one network count once.
///
/// A value; time is passed in as the duration since an arbitrary start.
package struct ObservedAddresses: Sendable {
    /// How many groups must see an IP address; go-libp2p's number of observers.
    package static let groupCount = 4
    /// How long a claim counts once its connection has ended: go-libp2p's 30 minutes.
    package static let lifetime = Duration.seconds(1800)
    /// The most addresses that are believed at once, those that most groups came in by;
    /// go-libp2p's number.
    package static let maximumAddressCount = 3
    /// The most claims that are kept, some 300 B each.
    ///
    /// A guess: more than twice the connections that a host keeps by default.
    package static let maximumClaimCount = 256

    /// Whose voice it is.
    private struct Speaker: Hashable {
        /// The /16 of an IPv4 address, the /32 of an IPv6 one: the DHT's groups.
        let network: [UInt8]
        let isInbound: Bool
    }

    private struct Claim {
        let ip: [UInt8]
        /// Where the peer came in; nil if this host dialled it.
        let address: Multiaddr?
        let connection: UInt64
        /// ``AddressLifetime/connected`` as long as the connection is open.
        var expiry = AddressLifetime.connected
    }

    private let peerID: PeerID
    private var claims: [Speaker: Claim] = [:]

    /// Nobody has seen `peerID`, this host, yet.
    package init(of peerID: PeerID) { self.peerID = peerID }

    /// How many claims are kept.
    package var claimCount: Int { claims.count }

    /// Notes that a peer sees this host at `observed` over a connection, which must be open.
    ///
    /// Ignored are claims of peers that are not on the internet themselves, and addresses that are
    /// not, that lead through a relay or to another peer, or are of another IP version than the
    /// connection. The transport is that of `remoteAddress`, which stands behind its port.
    package mutating func note(
        _ observed: Multiaddr, over connection: UInt64, at remoteAddress: Multiaddr,
        isInbound: Bool
    ) {
        guard let remote = Self.endpoint(of: remoteAddress),
            let own = Self.endpoint(of: observed), own.ip.count == remote.ip.count,
            observed.peerID.map({ $0 == peerID }) ?? true
        else { return }
        let speaker = Self.speaker(at: remote.ip, isInbound: isInbound)
        guard claims[speaker] != nil || makeRoom() else { return }
        let transport = remoteAddress.withoutPeerID().components.dropFirst(2)
        let place: [Multiaddr.Component] = [
            own.ip.count == 4 ? .ip4(own.ip) : .ip6(own.ip), .tcp(own.port),
        ]
        claims[speaker] = Claim(
            ip: own.ip, address: isInbound ? Multiaddr(components: place + transport) : nil,
            connection: connection)
    }

    /// Says that a connection has ended: what was claimed over it counts a while longer.
    package mutating func closed(
        _ connection: UInt64, at remoteAddress: Multiaddr, isInbound: Bool, now: Duration
    ) {
        guard let remote = Self.endpoint(of: remoteAddress) else { return }
        let speaker = Self.speaker(at: remote.ip, isInbound: isInbound)
        guard claims[speaker]?.connection == connection else { return }
        claims[speaker]?.expiry = now + Self.lifetime
    }

    /// The addresses that are believed, in an order that does not change with the claims.
    ///
    /// - Complexity: O(claims).
    package func addresses(at now: Duration) -> [Multiaddr] {
        var networks: [[UInt8]: Set<[UInt8]>] = [:]
        var arrivals: [Multiaddr: (ip: [UInt8], count: Int)] = [:]
        for (speaker, claim) in claims where claim.expiry > now {
            networks[claim.ip, default: []].insert(speaker.network)
            if let address = claim.address {
                arrivals[address, default: (claim.ip, 0)].count += 1
            }
        }
        let believed = arrivals.filter { _, arrival in
            networks[arrival.ip, default: []].count >= Self.groupCount
        }
        let ranked = believed.sorted { left, right in
            left.value.count == right.value.count
                ? Self.precedes(left.key, right.key) : left.value.count > right.value.count
        }
        return ranked.prefix(Self.maximumAddressCount).map(\.key).sorted(by: Self.precedes)
    }

    private static func precedes(_ left: Multiaddr, _ right: Multiaddr) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// Drops the claim that expires first if there are too many; false if none of them expires.
    private mutating func makeRoom() -> Bool {
        guard claims.count >= Self.maximumClaimCount else { return true }
        guard let oldest = claims.min(by: { $0.value.expiry < $1.value.expiry }),
            oldest.value.expiry < AddressLifetime.connected
        else { return false }
        claims[oldest.key] = nil
        return true
    }

    private static func speaker(at ip: [UInt8], isInbound: Bool) -> Speaker {
        Speaker(network: IPNetwork.masked(ip, ip.count == 4 ? 16 : 32), isInbound: isInbound)
    }

    /// IP address and TCP port on the internet, relays aside; nil if `address` does not start so.
    private static func endpoint(of address: Multiaddr) -> (ip: [UInt8], port: UInt16)? {
        let components = address.components
        guard address.isPublic, !address.isCircuit, let bytes = address.ipAddress,
            components.count > 1, case .tcp(let port) = components[1], port > 0
        else { return nil }
        let ip = IPNetwork.unmapped(bytes)
        // 64:ff9b::/96 is how a network without IPv4 writes addresses outside (RFC 6052).
        guard ip.count == 4 || ip[0] != 0 else { return nil }
        return (ip, port)
    }
}
