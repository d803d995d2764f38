// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Libp2p
public import Logging
public import Multiformats
import Pipeline
import Synchronization

/// Exchanges blocks with peers: serves those of a store, and fetches others in sessions.
///
/// Nothing is served or fetched before ``run()``, though sessions may be made and wait. Flow,
/// limits and memory: `Docs/bitswap.md`.
public final class BitswapService: Sendable {
    /// How often deadlines are looked at.
    private static let tickInterval = Duration.milliseconds(250)
    /// The longest message that is read where it arrives: some hundred wants, or a small block,
    /// whose hash takes 10 µs.
    private static let shortByteCount = 16 << 10
    /// How many of them are read in a row.
    private static let shortCount = 64

    private let host: any Host
    private let store: any BlockStore
    private let options: BitswapOptions
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let now: @Sendable () -> Duration
    private let jobs = JobScope()
    private let watch: StreamWatch
    private let budget: InboundBudget
    let server: BlockServer
    let client: BlockClient

    /// Makes what serves the blocks of `store` and fetches others.
    ///
    /// - Parameters:
    ///   - host: the network.
    ///   - store: what is served. Blocks that are fetched are not put there by this service.
    ///   - routing: who is asked for providers of a block that no connected peer has; nil asks
    ///     nobody.
    ///   - options: limits and times.
    ///   - clock: what times are measured by.
    ///   - logger: hears of peers that misbehave, and at debug level of those that fail.
    public init(
        host: any Host, store: any BlockStore, routing: (any ContentRouting)? = nil,
        options: BitswapOptions = BitswapOptions(),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger = Logger(label: "bitswap")
    ) {
        self.host = host
        self.store = store
        self.options = options
        self.clock = clock
        self.logger = logger
        now = ElapsedTime(clock).now
        watch = StreamWatch(
            allowance: options.messageDeadline, readerLimit: options.openStreams, now: now)
        budget = InboundBudget(
            byteCount: options.inboundBytes, perPeer: options.inboundBytesPerPeer)
        server = BlockServer(
            host: host, store: store, options: options, jobs: jobs, watch: watch, now: now,
            logger: logger)
        client = BlockClient(
            host: host, routing: routing, options: options, jobs: jobs, watch: watch, now: now,
            logger: logger)
        client.onAnswers.withLock { $0 = { [weak self] in try await self?.read($0) } }
    }

    /// Begins a session: one per DAG, so that peers that had one block of it are asked for the
    /// others.
    public func makeSession() -> BitswapSession {
        BitswapSession(client: client, id: client.makeSession())
    }

    /// Tells that blocks are in the store now, for peers that have waited for them.
    ///
    /// What other processes store is noticed within ``BitswapOptions/Server/recheckInterval``.
    /// - Throws: what the store throws.
    public func blocksArrived(_ cids: [CID]) async throws { try await server.arrived(cids) }

    /// What has been done so far.
    public var statistics: BitswapStatistics {
        var serving = server.state.withLock { state in
            var statistics = state.statistics
            statistics.rememberedWants = state.engine.rememberedCount
            return statistics
        }
        serving.add(client.state.withLock { $0.statistics })
        return serving
    }

    /// Serves and fetches until the task is cancelled; then nothing of it is left running, and
    /// whoever waits for a block is told so.
    ///
    /// To be called once.
    public func run() async throws {
        let observation = host.observe { [weak self] event in self?.take(event) }
        for peer in host.connectedPeers { connected(peer) }
        host.handle(ProtocolID.bitswap, limits: options.streams) { [weak self] stream in
            try await self?.read(stream)
        }
        let room = WeightedSemaphore(capacity: options.blockReadBytes)
        host.handle([.blockRead], limits: options.blockReads) { [store, watch] stream in
            try await BlockRead.serve(stream, from: store, in: room, watch: watch)
        }
        defer {
            host.stopHandling(ProtocolID.bitswap + [.blockRead])
            observation.cancel()
            watch.end()
            client.end()
        }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { [jobs] in await jobs.run() }
            group.addTask { try await self.keepTime() }
        }
    }

    private func take(_ event: HostEvent) {
        switch event {
        case .connected(let peer), .identified(let peer, _): connected(peer)
        case .disconnected(let peer):
            let now = now()
            server.disconnected(peer)
            client.update { state in
                state.outlets[peer]?.stream = nil
                if state.outlets[peer]?.isSending == false { state.outlets[peer] = nil }
                state.machine.disconnected(peer, now: now)
            }
        case .addressesChanged: break
        }
    }

    private func connected(_ peer: PeerID) {
        let now = now()
        let reach = client.reach(of: peer)
        client.update { $0.machine.connected(peer, reach: reach, now: now) }
    }

    /// Reads the messages of a stream until the peer ends it.
    ///
    /// - Throws: what makes the stream be reset: a message that breaks a rule or comes too slowly.
    private func read(_ stream: any PeerStream) async throws {
        try await withTaskExecutorPreference(stream.executor) {
            try await self.readMessages(stream)
        }
    }

    /// Reads messages of the stream, short ones where it arrives: a want is answered there, too.
    @concurrent
    private func readMessages(_ stream: any PeerStream) async throws {
        let peer = stream.remotePeer
        try await watch.reading(stream) { id in
            var input = MessageInput(stream, watch: watch)
            var shortCount = 0
            while let byteCount = try await input.nextLength() {
                watch.busy(id)
                defer { watch.idle(id) }
                if byteCount <= Self.shortByteCount {
                    try await take(&input, byteCount: byteCount, from: peer)
                    shortCount += 1
                    // A flood of them does not keep others from the event loop.
                    if shortCount.isMultiple(of: Self.shortCount) { await Task.yield() }
                    continue
                }
                try await budget.with(byteCount, from: stream, isAsked: client.mayHear(peer)) {
                    try await withTaskExecutorPreference(globalConcurrentExecutor) {
                        try await take(&input, byteCount: byteCount, from: peer)
                    }
                }
            }
        }
    }

    @concurrent
    private func take(
        _ input: inout MessageInput, byteCount: Int, from peer: PeerID
    ) async throws {
        try await take(try await input.message(byteCount: byteCount), from: peer)
    }

    private func take(_ message: BitswapMessage, from peer: PeerID) async throws {
        if !message.payloads.isEmpty {
            await client.received(message.payloads, from: peer)
        }
        if !message.presences.isEmpty { client.received(message.presences, from: peer) }
        if !message.wants.isEmpty || message.isFull {
            try await server.receive(message.wants, isFull: message.isFull, from: peer)
        }
    }

    private func keepTime() async throws {
        var nextRecheck = now() + options.server.recheckInterval
        while true {
            try await clock.sleep(for: Self.tickInterval)
            let now = now()
            watch.tick()
            client.update { $0.machine.tick(now: now) }
            client.closeIdleStreams(now: now)
            server.endIdle(now: now)
            if now >= nextRecheck {
                nextRecheck = now + options.server.recheckInterval
                do { try await server.recheck() } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    logger.warning("look-up of awaited blocks failed: \(error)")
                }
            }
        }
    }
}
