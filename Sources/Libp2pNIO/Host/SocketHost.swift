// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Logging
public import Multiformats
import NIOCore
import NIOPosix
import Pipeline
import Synchronization

/// A libp2p host on sockets: TCP and WebSocket, Noise and TLS, Yamux, identify and ping.
///
/// Nothing happens before ``run()``, which owns all that the host does and ends on cancellation.
/// What peers may take of it is in ``SocketHostOptions/limits``; see the article on the host.
public final class SocketHost: Host {
    struct State: Sendable {
        var phase = Phase.idle
        /// What the host says of itself, whatever peers see.
        var ownAddresses: [Multiaddr] = []
        /// The same, and where peers see it.
        var addresses: [Multiaddr] = []
        var observed: ObservedAddresses
        /// How often what peers see may change the addresses, as all peers are told each time.
        var addressChanges = RateLimit(burst: 4, interval: .seconds(60), now: .zero)
        var listeners: [any Channel] = []
        var table = ConnectionTable()
        var keeper: ConnectionKeeper
        var ledger: ConnectionLedger
        var tickets: [UInt64: ConnectionLedger.Ticket] = [:]
        /// Accepted connections whose handshake is not done.
        var accepted: [UInt64: any Channel] = [:]
        var lastID: UInt64 = 0
        var handlers = StreamHandlers()
        var backOff = DialBackOff()
        var dials: [PeerID: [OneShot<Void>]] = [:]
        /// The sequence number of the last record of our own.
        var lastRecordSequence: UInt64 = 0
        /// Whether a push of what changed is about to be made.
        var isPushScheduled = false
        var agents: [PeerID: String] = [:]
    }

    /// idle -> running -> closed.
    enum Phase: Sendable { case idle, running, closed }

    /// This peer.
    public let peerID: PeerID
    /// What it knows of others.
    public let addressBook: AddressBook
    /// How it behaves.
    public let options: SocketHostOptions
    let identity: PrivateKey
    let tls: TLSIdentity
    let webSocketTLS: WebSocketTLS
    let logger: Logger
    let time = ElapsedTime(ContinuousClock())
    let eventLoops: any EventLoopGroup
    let observers = HostObservers()
    let pool = TaskPool()
    let memory: MemoryBudget
    let dialPermits: WeightedSemaphore
    let resolver: NameResolver
    let state: Mutex<State>
    private let readiness = OneShot<Void>()

    /// Makes a host that is not on the network yet.
    ///
    /// - Throws: what making the TLS certificate throws; ``HostError`` with `denied` for options
    ///   that make no sense.
    public init(
        identity: PrivateKey, options: SocketHostOptions = SocketHostOptions(),
        addressBook: AddressBook = AddressBook(), logger: Logger
    ) throws {
        guard !options.securities.isEmpty else {
            throw HostError(.denied, "no way to secure connections is allowed")
        }
        peerID = identity.publicKey.peerID
        self.identity = identity
        self.options = options
        self.addressBook = addressBook
        self.logger = logger
        tls = try TLSIdentity(identity)
        webSocketTLS = try WebSocketTLS(options.webSocketTLS)
        eventLoops = MultiThreadedEventLoopGroup.singleton
        memory = MemoryBudget(limit: options.limits.memoryByteCount)
        dialPermits = WeightedSemaphore(capacity: options.limits.dials)
        // Who has the key of a private network is no stranger.
        let isApart = options.privateNetworkKey != nil || options.filter.keepsToPrivateNetworks
        resolver = NameResolver(
            nameServers: options.nameServers, filter: options.filter,
            names: isApart ? .anywhere : .internet, eventLoops: eventLoops)
        state = Mutex(
            State(
                observed: ObservedAddresses(of: peerID),
                keeper: ConnectionKeeper(options.waterMarks),
                ledger: ConnectionLedger(options.limits)))
        serveIdentify()
        servePing()
    }

    /// Listens, connects and answers until the task is cancelled; then closes all connections.
    ///
    /// When it returns nothing of the host is left running. To be called once.
    ///
    /// - Throws: ``HostError`` or what the system says if the host cannot listen.
    public func run() async throws {
        let isFirst = state.withLock { state in
            defer { if state.phase == .idle { state.phase = .running } }
            return state.phase == .idle
        }
        precondition(isFirst, "a host runs once")
        do { try await listen() } catch {
            readiness.fulfil(.failure(error))
            await shutDown()
            throw error
        }
        readiness.fulfil(.success(()))
        await withTaskGroup { group in
            group.addTask { await self.pool.run() }
            group.addTask { await self.maintain() }
            await group.waitForAll()
        }
        await shutDown()
    }

    /// Waits until the host listens, with the ports known in ``addresses``.
    ///
    /// - Throws: what ``run()`` throws; `CancellationError`.
    public func waitUntilListening() async throws { try await readiness.wait() }

    /// Where this peer can be reached, as it tells others.
    public var addresses: [Multiaddr] { state.withLock(\.addresses) }

    /// Whether there is a connection to `peer`.
    public func isConnected(to peer: PeerID) -> Bool {
        state.withLock { $0.table.contains(peer) }
    }

    /// The peers with a connection, in no order.
    public var connectedPeers: [PeerID] { state.withLock { $0.table.peers } }

    /// Answers inbound streams; see ``Host``.
    public func handle(
        _ protocols: [ProtocolID], limits: StreamLimits = StreamLimits(),
        _ handler: @escaping @Sendable (any PeerStream) async throws -> Void
    ) {
        state.withLock { $0.handlers.handle(protocols, limits: limits, handler) }
        pushIdentify()
    }

    /// Refuses `protocols` from now on.
    public func stopHandling(_ protocols: [ProtocolID]) {
        state.withLock { $0.handlers.stopHandling(protocols) }
        pushIdentify()
    }

    /// Keeps connections to `peer` from being closed when there are many.
    public func protect(_ peer: PeerID, tag: String) {
        state.withLock { $0.keeper.protect(peer, tag: tag) }
    }

    /// Gives up a tag.
    public func unprotect(_ peer: PeerID, tag: String) {
        state.withLock { $0.keeper.unprotect(peer, tag: tag) }
    }

    /// Tells `observer` what happens; see ``Host``.
    public func observe(_ observer: @escaping @Sendable (HostEvent) -> Void) -> HostObservation {
        observers.observe(observer)
    }

    /// Closes all connections to `peer`.
    public func disconnect(from peer: PeerID) async {
        let connections = state.withLock { $0.table.connections(to: peer) }
        for connection in connections { connection.close() }
        for connection in connections { await connection.closeAndWait() }
    }

    /// The connections, for people and tests.
    public var connections: [ConnectionInfo] {
        let (all, agents) = state.withLock { ($0.table.all, $0.agents) }
        return all.map { connection in
            ConnectionInfo(
                peer: connection.remotePeer, address: connection.remoteAddress,
                isInbound: connection.isInbound, security: connection.security,
                streamCount: connection.streamCount, roundTrip: connection.roundTrip,
                agentVersion: agents[connection.remotePeer])
        }
    }
}

/// What can be told of a connection.
public struct ConnectionInfo: Hashable, Sendable {
    /// Who is at the other end.
    public let peer: PeerID
    /// Where the other end is.
    public let address: Multiaddr
    /// Whether the peer opened it.
    public let isInbound: Bool
    /// How it is secured.
    public let security: ConnectionSecurity
    /// How many streams are open on it.
    public let streamCount: Int
    /// How long the peer takes to answer; nil until it has.
    public let roundTrip: Duration?
    /// The peer's program, if it said.
    public let agentVersion: String?
}
