// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Libp2p
import Logging
import Multiformats
import Synchronization

/// Answers the wants of peers: a ``ServerEngine`` with a store behind it and streams before it.
///
/// Some workers read messages from the store, of whichever peer the engine says; what they read
/// goes to a sender of the peer, so that no worker waits for a peer that does not read.
final class BlockServer: Sendable {
    /// A message on its way to a peer.
    struct Outgoing: Sendable {
        let message: BitswapMessage
        let envelope: Envelope
    }

    /// What is on its way to a peer.
    struct Outlet {
        var queue: [Outgoing] = []
        var senderCount = 0
        /// Streams without a sender, and since when.
        var idleStreams: [(stream: any PeerStream, since: Duration)] = []
    }

    struct State {
        var engine: ServerEngine
        var ahead: ReadAhead
        /// Blocks are being read ahead for so many peers.
        var aheadCount = 0
        var workerCount = 0
        var outlets: [PeerID: Outlet] = [:]
        var statistics = BitswapStatistics()
        var generator = SystemRandomNumberGenerator()
    }

    let host: any Host
    let options: BitswapOptions
    let jobs: JobScope
    let watch: StreamWatch
    let now: @Sendable () -> Duration
    let logger: Logger
    let state: Mutex<State>
    let store: any BlockStore

    init(
        host: any Host, store: any BlockStore, options: BitswapOptions, jobs: JobScope,
        watch: StreamWatch, now: @escaping @Sendable () -> Duration, logger: Logger
    ) {
        self.host = host
        self.store = store
        self.options = options
        self.jobs = jobs
        self.watch = watch
        self.now = now
        self.logger = logger
        state = Mutex(
            State(
                engine: ServerEngine(limits: options.server),
                ahead: ReadAhead(limits: options.server)))
    }

    /// Takes the wants of a message.
    ///
    /// - Throws: what the store throws; `CancellationError`.
    func receive(_ wants: [BitswapMessage.Want], isFull: Bool, from peer: PeerID) async throws {
        let (lookups, isSole) = state.withLock { state in
            state.statistics.wantsReceived += wants.count
            let lookups = state.engine.receive(wants, isFull: isFull, from: peer)
            let isSole =
                lookups.count == 1 && lookups[0].kind == .block
                && state.engine.owesNothing(to: peer)
                && state.workerCount < options.server.workerCount
            if isSole { state.workerCount += 1 }
            return (lookups, isSole)
        }
        guard !lookups.isEmpty else { return }
        if isSole { return try await answer(lookups[0], of: peer) }
        let byteCounts = try await store.byteCounts(of: lookups.map(\.cid))
        state.withLock { state in
            state.engine.resolve(
                zip(lookups, byteCounts).map { (want: $0, byteCount: $1) }, for: peer)
        }
        forgetIfGone(peer)
        startWorkers()
    }

    /// Forgets the wants of a peer that left while they were looked up: nobody will say so again.
    func forgetIfGone(_ peer: PeerID) {
        if !host.isConnected(to: peer) { disconnected(peer) }
    }

    /// Serves those who have wanted these blocks since before they were here.
    ///
    /// - Throws: what the store throws.
    func arrived(_ cids: [CID]) async throws {
        let awaited = state.withLock { state in cids.filter { state.engine.isWaitedFor($0) } }
        guard !awaited.isEmpty else { return }
        let byteCounts = try await store.byteCounts(of: awaited)
        state.withLock { state in
            state.engine.arrived(
                zip(awaited, byteCounts).compactMap { cid, byteCount in
                    byteCount.map { (cid: cid, byteCount: $0) }
                })
        }
        startWorkers()
    }

    /// Looks up again what peers wait for: another process may have stored it.
    func recheck() async throws {
        let awaited = state.withLock { state in
            state.engine.rememberedCIDs(limit: 1_024, using: &state.generator)
        }
        try await arrived(awaited)
    }

    /// The peer is gone.
    func disconnected(_ peer: PeerID) {
        let (dropped, streams) = state.withLock { state in
            state.engine.disconnected(peer)
            state.ahead.forget(peer)
            let streams = state.outlets[peer]?.idleStreams.map(\.stream) ?? []
            state.outlets[peer]?.idleStreams = []
            return (Self.drop(peer, &state), streams)
        }
        for stream in streams { stream.reset() }
        if dropped { startWorkers() }
    }

    /// Closes streams that have carried nothing for a while, and forgets who walked a DAG on them.
    func endIdle(now: Duration) {
        let streams = state.withLock { state in
            state.ahead.forget(before: now - options.idleStream)
            var closed: [any PeerStream] = []
            for (peer, outlet) in state.outlets where !outlet.idleStreams.isEmpty {
                let old = outlet.idleStreams.filter { now - $0.since >= options.idleStream }
                closed += old.map(\.stream)
                state.outlets[peer]?.idleStreams.removeAll {
                    now - $0.since >= options.idleStream
                }
                Self.forgetIfIdle(peer, &state)
            }
            return closed
        }
        if streams.isEmpty { return }
        jobs.start { for stream in streams { await stream.close() } }
    }

    /// Starts workers for what there is to read, as many as there may be.
    func startWorkers() {
        while true {
            let envelope = state.withLock { state -> Envelope? in
                guard state.workerCount < options.server.workerCount,
                    let envelope = state.engine.nextEnvelope()
                else { return nil }
                state.workerCount += 1
                return envelope
            }
            guard let envelope else { return }
            let isStarted = jobs.start { [self] in await work(envelope) }
            guard isStarted else { return }
        }
    }

    /// Reads messages until there is nothing to read.
    private func work(_ first: Envelope) async {
        var next: Envelope? = first
        while let envelope = next {
            let message = await read(envelope)
            next = state.withLock { state -> Envelope? in
                if let message {
                    enqueue(Outgoing(message: message, envelope: envelope), &state)
                } else {
                    state.engine.finished(envelope)
                }
                if let next = state.engine.nextEnvelope() { return next }
                state.workerCount -= 1
                return nil
            }
            startSenders(envelope.peer)
        }
    }

    /// The message of an envelope; nil if nothing is left to say.
    ///
    /// A block that is gone, or damaged, is not had.
    private func read(_ envelope: Envelope) async -> BitswapMessage? {
        let wanted = envelope.blocks
        let found = BlockSlots(count: wanted.count)
        do {
            try await store.forEachBlock(wanted.map(\.cid)) { index, block in
                found.set(index, block.bytes)
            }
        } catch {
            for (index, block) in wanted.enumerated() where found[index] == nil {
                // One that cannot be read is told below.
                if let block = try? await store.block(block.cid) { found.set(index, block.bytes) }
            }
        }
        var message = BitswapMessage(
            presences: envelope.presences,
            pendingByteCount: Int32(clamping: envelope.pendingByteCount))
        for (index, block) in wanted.enumerated() {
            if let bytes = found[index] {
                message.payloads.append(
                    BitswapMessage.Payload(prefix: block.cid.prefix, bytes: bytes))
            } else {
                logger.debug("block to serve is missing", metadata: ["cid": "\(block.cid)"])
                if block.sendDontHave {
                    message.presences.append(BitswapMessage.Presence(block.cid, isHave: false))
                }
            }
        }
        return message.isEmpty ? nil : message
    }

    func enqueue(_ outgoing: Outgoing, _ state: inout State) {
        state.outlets[outgoing.envelope.peer, default: Outlet()].queue.append(outgoing)
    }

    /// Gives up all that is queued for a peer; says whether that was anything.
    static func drop(_ peer: PeerID, _ state: inout State) -> Bool {
        let queue = state.outlets[peer]?.queue ?? []
        state.outlets[peer]?.queue = []
        for outgoing in queue { state.engine.finished(outgoing.envelope) }
        forgetIfIdle(peer, &state)
        return !queue.isEmpty
    }

    static func forgetIfIdle(_ peer: PeerID, _ state: inout State) {
        guard let outlet = state.outlets[peer] else { return }
        if outlet.queue.isEmpty && outlet.senderCount == 0 && outlet.idleStreams.isEmpty {
            state.outlets[peer] = nil
        }
    }
}

/// Blocks that come in any order.
private final class BlockSlots: Sendable {
    private let slots: Mutex<[[UInt8]?]>

    init(count: Int) { slots = Mutex(Array(repeating: nil, count: count)) }

    subscript(index: Int) -> [UInt8]? { slots.withLock { $0[index] } }

    func set(_ index: Int, _ bytes: [UInt8]) { slots.withLock { $0[index] = bytes } }
}
