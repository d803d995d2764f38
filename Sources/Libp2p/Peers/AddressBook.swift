// SPDX-License-Identifier: Apache-2.0

public import Multiformats
import Synchronization

/// What is known of other peers: bounded, with expiry.
///
/// Safe from any task. Every call is a look-up under a lock, but that one in some thousands which
/// makes room (O(n log n) in the number of peers).
public final class AddressBook: Sendable {
    /// How much is remembered.
    public let options: AddressBookOptions
    private let time: ElapsedTime
    private let entries = Mutex<[PeerID: PeerEntry]>([:])

    /// Knows nobody yet; lifetimes are counted on `clock`.
    public init(
        options: AddressBookOptions = AddressBookOptions(),
        clock: some Clock<Duration> = ContinuousClock()
    ) {
        self.options = options
        time = ElapsedTime(clock)
    }

    /// The addresses of `peer` that have not expired, without `/p2p`, oldest first.
    public func addresses(of peer: PeerID) -> [Multiaddr] {
        namedAddresses(of: peer).map(\.address)
    }

    /// The same as ``addresses(of:)``, with where their names may lead.
    package func namedAddresses(of peer: PeerID) -> [NamedAddress] {
        let now = time.now()
        return entries.withLock { entries in
            guard let addresses = entries[peer]?.addresses(at: now) else { return [] }
            entries[peer]?.lastUsed = now
            return addresses
        }
    }

    /// `peer` with its addresses.
    public func info(of peer: PeerID) -> PeerInfo {
        PeerInfo(id: peer, addresses: addresses(of: peer))
    }

    /// Adds addresses; one that is known lives the longer of both lifetimes, and its names lead as
    /// far as either says.
    ///
    /// A `/p2p` of `peer` at the end is cut off; an address with another is ignored.
    public func add(
        _ addresses: [Multiaddr], of peer: PeerID, lifetime: Duration, names: NameReach = .internet
    ) {
        update(peer) { entry, now in
            add(addresses, of: peer, lifetime: lifetime, names: names, to: &entry, now: now)
        }
    }

    /// Puts `addresses` in the place of all that are not permanent.
    public func replace(
        _ addresses: [Multiaddr], of peer: PeerID, lifetime: Duration, names: NameReach = .internet
    ) {
        update(peer) { entry, now in
            entry.removeTemporary()
            add(addresses, of: peer, lifetime: lifetime, names: names, to: &entry, now: now)
        }
    }

    /// Says that the last connection to `peer` is gone: its addresses are kept for a while.
    public func disconnected(_ peer: PeerID) {
        let now = time.now()
        entries.withLock { $0[peer]?.disconnect(until: now + options.recentlyConnected) }
    }

    /// What `peer` said it speaks; nil if it has not yet.
    public func protocols(of peer: PeerID) -> Set<ProtocolID>? {
        entries.withLock { $0[peer]?.protocols }
    }

    /// Remembers what `peer` speaks, in place of what was known.
    public func setProtocols(_ protocols: Set<ProtocolID>, of peer: PeerID) {
        update(peer) { entry, _ in
            let limit = options.protocolsPerPeer
            entry.protocols =
                protocols.count <= limit ? protocols : Set(protocols.prefix(limit))
        }
    }

    /// The key of `peer`, out of its ID or as its handshake proved.
    public func publicKey(of peer: PeerID) -> PublicKey? {
        entries.withLock { $0[peer]?.publicKey } ?? peer.publicKey
    }

    /// Remembers a key; one that is not `peer`'s is ignored, and one that its ID holds is not kept.
    public func setPublicKey(_ key: PublicKey, of peer: PeerID) {
        guard key.peerID == peer, peer.publicKey == nil else { return }
        update(peer) { entry, _ in entry.publicKey = key }
    }

    /// The newest record that `peer` signed of its addresses.
    public func signedRecord(of peer: PeerID) -> SignedEnvelope? {
        entries.withLock { $0[peer]?.record }
    }

    /// Takes a record whose signature has been checked, and with it the addresses.
    ///
    /// - Returns: whether it is at least as new as the one that was known; if not, nothing changes.
    @discardableResult
    public func accept(
        _ envelope: SignedEnvelope, of record: PeerRecord, lifetime: Duration,
        names: NameReach = .internet
    ) -> Bool {
        update(record.peerID) { entry, now in
            guard entry.record == nil || record.sequence >= entry.recordSequence else {
                return false
            }
            entry.record = envelope
            entry.recordSequence = record.sequence
            entry.removeTemporary()
            add(
                record.addresses, of: record.peerID, lifetime: lifetime, names: names, to: &entry,
                now: now)
            return true
        }
    }

    /// All peers of which something is known, in no order.
    public func peers() -> [PeerID] {
        let now = time.now()
        return entries.withLock { entries in
            entries.lazy.filter { !$0.value.isEmpty(at: now) }.map(\.key)
        }
    }

    /// Forgets all about `peer`.
    public func forget(_ peer: PeerID) {
        entries.withLock { $0[peer] = nil }
    }

    private func add(
        _ addresses: [Multiaddr], of peer: PeerID, lifetime: Duration, names: NameReach,
        to entry: inout PeerEntry, now: Duration
    ) {
        let own = addresses.compactMap { address -> Multiaddr? in
            guard let named = address.peerID else { return address }
            return named == peer ? address.withoutPeerID() : nil
        }
        let expiry = lifetime >= AddressLifetime.connected ? lifetime : now + lifetime
        entry.add(
            own, names: lifetime >= AddressLifetime.permanent ? .anywhere : names, until: expiry,
            now: now, limit: options.addressesPerPeer)
    }

    private func update<Value: Sendable>(
        _ peer: PeerID, _ body: (inout PeerEntry, Duration) -> Value
    ) -> Value {
        let now = time.now()
        return entries.withLock { entries in
            if entries[peer] == nil, entries.count >= options.peers {
                Self.makeRoom(in: &entries, options.peers, now: now)
            }
            var entry = entries.removeValue(forKey: peer) ?? PeerEntry()
            entry.lastUsed = now
            let value = body(&entry, now)
            entries[peer] = entry
            return value
        }
    }

    /// Drops who is expired, then an eighth of all: those used longest ago that are not held, and
    /// of those that are, if need be.
    private static func makeRoom(
        in entries: inout [PeerID: PeerEntry], _ limit: Int, now: Duration
    ) {
        entries = entries.filter { !$0.value.isEmpty(at: now) }
        let excess = entries.count - (limit - limit / 8)
        guard excess > 0 else { return }
        let ranked = entries.map {
            (peer: $0.key, isHeld: $0.value.isHeld, used: $0.value.lastUsed)
        }
        .sorted { $0.isHeld == $1.isHeld ? $0.used < $1.used : $1.isHeld }
        for (peer, _, _) in ranked.prefix(excess) { entries[peer] = nil }
    }
}
