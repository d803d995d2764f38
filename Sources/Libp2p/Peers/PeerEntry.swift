// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// What the address book knows of one peer.
struct PeerEntry: Sendable {
    struct Known: Sendable {
        var address: Multiaddr
        var names: NameReach
        var expiry: Duration
    }

    /// In the order in which they were learnt.
    private(set) var known: [Known] = []
    var protocols: Set<ProtocolID>?
    var publicKey: PublicKey?
    var record: SignedEnvelope?
    var recordSequence: UInt64 = 0
    /// When it was last written or asked for: who makes room first.
    var lastUsed: Duration = .zero

    func addresses(at now: Duration) -> [NamedAddress] {
        known.lazy.filter { $0.expiry > now }.map { NamedAddress($0.address, names: $0.names) }
    }

    /// Whether nothing is lost by forgetting the peer.
    func isEmpty(at now: Duration) -> Bool {
        protocols == nil && publicKey == nil && record == nil
            && !known.contains { $0.expiry > now }
    }

    /// Whether the peer must stay, because it is connected or configured.
    var isHeld: Bool { known.contains { $0.expiry >= AddressLifetime.connected } }

    mutating func add(
        _ addresses: [Multiaddr], names: NameReach, until expiry: Duration, now: Duration,
        limit: Int
    ) {
        known.removeAll { $0.expiry <= now }
        for address in addresses {
            let new = Known(address: address, names: names, expiry: expiry)
            if let index = known.firstIndex(where: { $0.address == address }) {
                known[index].expiry = max(known[index].expiry, expiry)
                if names == .anywhere { known[index].names = names }
            } else if known.count < limit {
                known.append(new)
            } else if let first = known.indices.min(by: { known[$0].expiry < known[$1].expiry }),
                known[first].expiry < expiry
            {
                known.remove(at: first)
                known.append(new)
            }
        }
    }

    /// Drops all but those that never expire.
    mutating func removeTemporary() {
        known.removeAll { $0.expiry < AddressLifetime.permanent }
    }

    /// Lets addresses that were kept for a connection expire at `expiry`.
    mutating func disconnect(until expiry: Duration) {
        for index in known.indices
        where known[index].expiry >= AddressLifetime.connected
            && known[index].expiry < AddressLifetime.permanent
        {
            known[index].expiry = expiry
        }
    }
}
