// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// A peer on the network: an identity, connections to other peers, streams on them.
///
/// What the protocols above (Kademlia, Bitswap, discovery) see of the network. Implementations: the
/// one on sockets, and ``MemoryNetwork``'s for tests and simulation. All calls are safe from any
/// task.
public protocol Host: AnyObject, Sendable {
    /// This peer.
    var peerID: PeerID { get }
    /// Where this peer can be reached, as it tells others: without `/p2p`.
    var addresses: [Multiaddr] { get }
    /// What is known of other peers: bounded, with expiry.
    var addressBook: AddressBook { get }

    /// Makes sure that there is a connection to `peer`, dialling `addresses` and those in the
    /// address book if there is none.
    ///
    /// Names in `addresses` lead where `names` says, and in the address book where it says.
    /// - Throws: ``HostError``; `CancellationError`.
    func connect(to peer: PeerID, at addresses: [Multiaddr], names: NameReach) async throws

    /// Closes all connections to `peer`.
    func disconnect(from peer: PeerID) async

    /// Opens a stream on which the first of `protocols` that the peer knows is spoken; connects
    /// first when need be.
    ///
    /// - Throws: ``HostError``, with `unsupportedProtocol` if the peer knows none of them.
    func openStream(to peer: PeerID, for protocols: [ProtocolID]) async throws -> any PeerStream

    /// Answers inbound streams of `protocols`: each stream gets a call of `handler` in a task of
    /// the host. Identify tells peers of the change.
    func handle(
        _ protocols: [ProtocolID], limits: StreamLimits,
        _ handler: @escaping @Sendable (any PeerStream) async throws -> Void)

    /// Refuses `protocols` from now on; streams that are open go on.
    func stopHandling(_ protocols: [ProtocolID])

    /// Whether there is a connection to `peer`.
    func isConnected(to peer: PeerID) -> Bool

    /// The peers with a connection, in no order.
    var connectedPeers: [PeerID] { get }

    /// Keeps the connection manager from closing connections to `peer` while any tag is held.
    func protect(_ peer: PeerID, tag: String)

    /// Gives up one tag of ``protect(_:tag:)``.
    func unprotect(_ peer: PeerID, tag: String)

    /// Calls `observer` for everything that happens from now on, until the observation is
    /// cancelled. It is called in order, must return at once, and may call the host.
    func observe(_ observer: @escaping @Sendable (HostEvent) -> Void) -> HostObservation
}

extension Host {
    /// Connects to `peer` at addresses that strangers gave: their names lead to the internet alone.
    ///
    /// - Throws: ``HostError``; `CancellationError`.
    public func connect(to peer: PeerID, at addresses: [Multiaddr]) async throws {
        try await connect(to: peer, at: addresses, names: .internet)
    }
}

/// What a host tells its observers.
public enum HostEvent: Sendable {
    /// The first connection to the peer is up.
    case connected(PeerID)
    /// The last connection to the peer is gone.
    case disconnected(PeerID)
    /// Identify (or a push) said what the peer speaks and where it listens; both are in the
    /// address book by now.
    case identified(PeerID, protocols: Set<ProtocolID>)
    /// ``Host/addresses`` changed.
    case addressesChanged
}

/// Ends an observation when cancelled; does not end by itself.
public struct HostObservation: Sendable {
    private let onCancel: @Sendable () -> Void

    /// Wraps what ends the observation.
    public init(onCancel: @escaping @Sendable () -> Void) { self.onCancel = onCancel }

    /// No call of the observer begins after this returns.
    public func cancel() { onCancel() }
}

/// How many streams of a protocol peers may have open to this host at once; more are reset.
public struct StreamLimits: Hashable, Sendable {
    /// From one peer.
    public var perPeer: Int
    /// From all peers.
    public var total: Int

    /// Sets both; the defaults are go-libp2p's per peer and a quarter of its total.
    public init(perPeer: Int = 64, total: Int = 512) {
        self.perPeer = perPeer
        self.total = total
    }
}
