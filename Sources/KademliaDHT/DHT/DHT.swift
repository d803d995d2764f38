// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Logging
public import Multiformats
import Synchronization

/// A peer of one Kademlia DHT: finds peers and providers, announces blocks, and, as a server,
/// answers others.
///
/// Look-ups work as soon as there are peers in the table; ``run()`` fills and tends it, and serves.
/// Protocol, limits and memory: `Docs/dht.md`.
public final class DHT: Sendable {
    struct State: Sendable {
        var table: RoutingTable
        var isRunning = false
        var isServing = false
        var reachability = Reachability.unknown
        var values = ValueTable()
        var counts = DHTCounts()
    }

    /// What the network says of this host.
    public enum Reachability: Hashable, Sendable {
        /// Nothing yet.
        case unknown
        /// Strangers can dial it.
        case reachable
        /// They cannot.
        case unreachable
    }

    /// What it works on.
    public let host: any Host
    /// How it works.
    public let options: DHTOptions
    /// Where provider records are.
    public let store: any ProviderStore
    /// This peer.
    public let local: KadPeer

    let clock: any Clock<Duration>
    /// The time since any fixed start.
    let now: @Sendable () -> Duration
    /// The time since 1970 (UTC).
    let wallClock: @Sendable () -> Duration
    let logger: Logger
    let sender: RequestSender
    let state: Mutex<State>
    /// Peers that may be fit for the table.
    let candidates: CandidateQueue<PeerID>
    /// Refreshes that are due.
    let refreshes = CandidateQueue<RefreshReason>(bound: 2)

    /// Makes a DHT that does nothing yet.
    ///
    /// `clock` is what waits and ages are measured with; `wallClock`, the time since 1970, dates
    /// records of providers and values.
    public init(
        host: any Host, options: DHTOptions, store: any ProviderStore,
        clock: any Clock<Duration> = ContinuousClock(),
        wallClock: @escaping @Sendable () -> Duration = DHT.timeSince1970,
        logger: Logger = Logger(label: "dht")
    ) {
        self.host = host
        self.options = options
        self.store = store
        self.clock = clock
        self.wallClock = wallClock
        self.logger = logger
        now = ElapsedTime(clock).now
        local = KadPeer(host.peerID)
        state = Mutex(State(table: RoutingTable(local: local, options: options.table)))
        sender = RequestSender(host, options, clock: clock, now: now)
        candidates = CandidateQueue(bound: options.admissionCount)
    }

    /// The addresses that this host tells others.
    public var ownAddresses: [Multiaddr] { filter().kept(host.addresses) }

    /// The peers in the table.
    public var tablePeers: [KadPeer] { state.withLock { $0.table.peers } }

    /// Whether requests of others are answered.
    public var isServing: Bool { state.withLock { $0.isServing } }

    /// Requests served and made so far.
    public var counts: DHTCounts { state.withLock { $0.counts } }

    /// The filter of addresses that the peer at `source`, or this host, names.
    func filter(namedFrom source: Multiaddr? = nil) -> ScopeFilter {
        ScopeFilter(options.scope, namedFrom: source)
    }

    func count(_ change: (inout DHTCounts) -> Void) { state.withLock { change(&$0.counts) } }
}

/// How many requests a DHT has served and made.
public struct DHTCounts: Hashable, Sendable {
    /// Requests of others that were carried out.
    public var served = 0
    /// Provider records of others that were taken.
    public var recordsTaken = 0
    /// Requests of others that broke a rule or a limit.
    public var refused = 0
    /// Requests that were answered.
    public var answered = 0
    /// Requests that were not.
    public var failed = 0
    /// Provider records that others took.
    public var recordsSent = 0

    /// All zero.
    public init() {}
}

/// What starts a refresh.
enum RefreshReason: Hashable, Sendable {
    /// Time has passed.
    case interval
    /// There are few peers in the table, and likely others that they know.
    case fewPeers
}
