// SPDX-License-Identifier: Apache-2.0

public import Multiformats
import Synchronization

/// A host of a ``MemoryNetwork``.
///
/// Identify happens by itself: both sides know protocols and addresses as soon as they are
/// connected, and when they change. End it with ``close()``.
public final class MemoryHost: Host {
    private struct Tasks {
        var running: [UInt64: Task<Void, Never>] = [:]
        var lastID: UInt64 = 0
        var isClosed = false
    }

    /// This peer.
    public let peerID: PeerID
    /// What it knows of others.
    public let addressBook: AddressBook
    /// The network that it is in.
    public let network: MemoryNetwork
    let observers = HostObservers()
    private let tasks = Mutex(Tasks())

    init(_ peer: PeerID, network: MemoryNetwork, addressBook: AddressBook) {
        peerID = peer
        self.network = network
        self.addressBook = addressBook
    }

    /// Where it listens.
    public var addresses: [Multiaddr] {
        network.state.withLock { $0.records[peerID]?.addresses ?? [] }
    }

    /// Moves to other addresses, and tells those it is connected to.
    public func setAddresses(_ addresses: [Multiaddr]) {
        network.state.withLock { state in
            guard let old = state.records[peerID]?.addresses else { return }
            for address in old where state.byAddress[address] == peerID {
                state.byAddress[address] = nil
            }
            for address in addresses { state.byAddress[address] = peerID }
            state.records[peerID]?.addresses = addresses
            observers.enqueue(.addressesChanged)
        }
        observers.deliver()
        network.identify(peerID)
    }

    /// Whether there is a connection to `peer`.
    public func isConnected(to peer: PeerID) -> Bool {
        network.state.withLock { $0.records[peerID]?.links[peer] != nil }
    }

    /// The peers with a connection, in no order.
    public var connectedPeers: [PeerID] {
        network.state.withLock { $0.records[peerID].map { Array($0.links.keys) } ?? [] }
    }

    /// How many streams are open to or from `peer`.
    public func streamCount(with peer: PeerID) -> Int {
        network.state.withLock { $0.records[peerID]?.links[peer]?.streamCount ?? 0 }
    }

    /// Connects to the first of the addresses at which anybody listens; none is resolved here.
    public func connect(
        to peer: PeerID, at addresses: [Multiaddr], names: NameReach
    ) async throws {
        if isConnected(to: peer) { return }
        try await network.connect(self, to: peer, at: addresses)
    }

    /// Closes the connection to `peer`.
    public func disconnect(from peer: PeerID) async { network.cut(peerID, peer) }

    /// Opens a stream; see ``Host``.
    public func openStream(
        to peer: PeerID, for protocols: [ProtocolID]
    ) async throws -> any PeerStream {
        try await connect(to: peer, at: [])
        return try await network.openStream(from: self, to: peer, for: protocols)
    }

    /// Answers inbound streams; see ``Host``.
    public func handle(
        _ protocols: [ProtocolID], limits: StreamLimits = StreamLimits(),
        _ handler: @escaping @Sendable (any PeerStream) async throws -> Void
    ) {
        network.state.withLock { state in
            state.records[peerID]?.handlers.handle(protocols, limits: limits, handler)
        }
        network.identify(peerID)
    }

    /// Refuses `protocols` from now on.
    public func stopHandling(_ protocols: [ProtocolID]) {
        network.state.withLock { $0.records[peerID]?.handlers.stopHandling(protocols) }
        network.identify(peerID)
    }

    /// Remembers the tag; nothing is trimmed here.
    public func protect(_ peer: PeerID, tag: String) {
        network.state.withLock { state in
            _ = state.records[peerID]?.protections[peer, default: []].insert(tag)
        }
    }

    /// Forgets the tag.
    public func unprotect(_ peer: PeerID, tag: String) {
        network.state.withLock { state in
            _ = state.records[peerID]?.protections[peer]?.remove(tag)
        }
    }

    /// The tags by which `peer` is protected.
    public func protections(of peer: PeerID) -> Set<String> {
        network.state.withLock { $0.records[peerID]?.protections[peer] ?? [] }
    }

    /// Tells `observer` what happens; see ``Host``.
    public func observe(_ observer: @escaping @Sendable (HostEvent) -> Void) -> HostObservation {
        observers.observe(observer)
    }

    /// Leaves the network: ends connections, cancels handlers and waits for them.
    public func close() async {
        let running = tasks.withLock { tasks in
            tasks.isClosed = true
            return Array(tasks.running.values)
        }
        for peer in connectedPeers { network.cut(peerID, peer) }
        network.remove(self)
        for task in running { task.cancel() }
        for task in running { await task.value }
    }

    /// Runs `handler` on a stream that a peer opened, and ends the stream for it.
    func serve(
        _ stream: MemoryStream, _ ticket: StreamHandlers.Ticket,
        _ handler: @escaping StreamHandlers.Handler
    ) {
        tasks.withLock { tasks in
            guard !tasks.isClosed else {
                stream.reset()
                return
            }
            tasks.lastID += 1
            let id = tasks.lastID
            // Unstructured: owned by this host, which forgets it when the handler has returned;
            // `close()` cancels it and waits for it.
            tasks.running[id] = Task {
                do {
                    try await handler(stream)
                    await stream.close()
                } catch { stream.reset() }
                network.release(ticket, of: peerID)
                self.tasks.withLock { _ = $0.running.removeValue(forKey: id) }
            }
        }
    }
}
