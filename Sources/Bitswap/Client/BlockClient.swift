// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Libp2p
import Logging
import Multiformats
import Synchronization

/// Fetches blocks: a ``ClientMachine`` with streams behind it and those who wait before it.
final class BlockClient: Sendable {
    typealias SessionID = ClientMachine.SessionID

    /// Somebody who waits for a block.
    struct Waiter {
        let id: Int
        /// As what the block was asked for; its multihash is that of the want.
        let cid: CID
        let continuation: CheckedContinuation<Block, any Error>
    }

    /// The stream on which a peer is told of wants: opened with the first, kept while it is used.
    struct Outlet {
        var stream: (any PeerStream)?
        var isSending = false
        var lastUsed: Duration = .zero
    }

    struct State {
        var machine: ClientMachine
        var waiters: [SessionID: [Multihash: [Waiter]]] = [:]
        var outlets: [PeerID: Outlet] = [:]
        var cancelledEarly: Set<Int> = []
        var nextWaiter = 0
        var hasEnded = false
        var statistics = BitswapStatistics()
    }

    let host: any Host
    let routing: (any ContentRouting)?
    let options: BitswapOptions
    let jobs: JobScope
    let watch: StreamWatch
    let now: @Sendable () -> Duration
    let logger: Logger
    let state: Mutex<State>
    /// Reads the messages on a stream; set once, by the service.
    let onAnswers = Mutex<@Sendable (any PeerStream) async throws -> Void>({ _ in })

    init(
        host: any Host, routing: (any ContentRouting)?, options: BitswapOptions, jobs: JobScope,
        watch: StreamWatch, now: @escaping @Sendable () -> Duration, logger: Logger
    ) {
        self.host = host
        self.routing = routing
        self.options = options
        self.jobs = jobs
        self.watch = watch
        self.now = now
        self.logger = logger
        state = Mutex(
            State(machine: ClientMachine(options: options.client, canSearch: routing != nil)))
    }

    /// Begins a session.
    func makeSession() -> SessionID {
        let now = now()
        return state.withLock { $0.machine.makeSession(now: now) }
    }

    /// Ends a session; whoever still waits in it is told that it was cancelled.
    func endSession(_ id: SessionID) {
        let now = now()
        let waiters = update { state in
            state.machine.endSession(id, now: now)
            return state.waiters.removeValue(forKey: id)?.values.flatMap { $0 } ?? []
        }
        for waiter in waiters { waiter.continuation.resume(throwing: CancellationError()) }
    }

    /// Waits for a block.
    ///
    /// - Throws: ``BlockStoreError`` with `notFound` once the session gives up, with `failed` if
    ///   Bitswap has ended; `CancellationError`.
    func block(_ cid: CID, in session: SessionID) async throws -> Block {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        defer {
            // Cancelled after the block had come: nobody else takes the mark away.
            if Task.isCancelled { state.withLock { _ = $0.cancelledEarly.remove(id) } }
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                wait(Waiter(id: id, cid: cid, continuation: continuation), in: session)
            }
        } onCancel: {
            cancel(id, cid.multihash, in: session)
        }
    }

    private func wait(_ waiter: Waiter, in session: SessionID) {
        let now = now()
        let key = waiter.cid.multihash
        let refusal = update { state -> (any Error)? in
            if state.cancelledEarly.remove(waiter.id) != nil { return CancellationError() }
            if state.hasEnded || state.machine.sessions[session] == nil {
                return BlockStoreError(.failed, cid: waiter.cid, message: "Bitswap has ended")
            }
            state.waiters[session, default: [:]][key, default: []].append(waiter)
            state.machine.want(waiter.cid, in: session, now: now)
            return nil
        }
        if let refusal { waiter.continuation.resume(throwing: refusal) }
    }

    private func cancel(_ id: Int, _ key: Multihash, in session: SessionID) {
        let now = now()
        let waiter = update { state -> Waiter? in
            guard let index = state.waiters[session]?[key]?.firstIndex(where: { $0.id == id })
            else {
                // Either it has been resumed, or it does not wait yet.
                if !state.hasEnded { state.cancelledEarly.insert(id) }
                return nil
            }
            let waiter = state.waiters[session]?[key]?.remove(at: index)
            if state.waiters[session]?[key]?.isEmpty == true {
                state.waiters[session]?[key] = nil
                state.machine.cancel(key, in: session, now: now)
            }
            return waiter
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }

    /// Changes the state, then does what the machine wants done.
    @discardableResult
    func update<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
        let (value, actions, failed) = state.withLock { state in
            let value = body(&state)
            let actions = state.machine.takeActions()
            var failed: [Waiter] = []
            for case .fail(let session, let key) in actions {
                failed += state.waiters[session]?.removeValue(forKey: key) ?? []
            }
            return (value, actions, failed)
        }
        for waiter in failed {
            waiter.continuation.resume(
                throwing: BlockStoreError(
                    .notFound, cid: waiter.cid, message: "no peer that was found has it"))
        }
        for action in actions { perform(action) }
        return value
    }

    private func perform(_ action: ClientMachine.Action) {
        switch action {
        case .send(let peer):
            let isIdle = state.withLock { state in
                if state.outlets[peer]?.isSending == true { return false }
                state.outlets[peer, default: Outlet()].isSending = true
                return true
            }
            if isIdle { jobs.start { [self] in await sendWants(to: peer) } }
        case .read(let peer, let cid): jobs.start { [self] in await read(cid, from: peer) }
        case .search(let session, let cid):
            jobs.start { [self] in await search(for: cid, in: session) }
        case .drop(let peer):
            logger.notice(
                "dropped a peer that sent blocks nobody asked for", metadata: ["peer": "\(peer)"])
            state.withLock { $0.statistics.peersDropped += 1 }
            jobs.start { [self] in await host.disconnect(from: peer) }
        case .fail: break  // done under the lock
        }
    }

    /// Refuses everything from now on; whoever waits is told so.
    func end() {
        let waiters = state.withLock { state in
            state.hasEnded = true
            defer { state.waiters = [:] }
            return state.waiters.values.flatMap { $0.values.flatMap { $0 } }
        }
        for waiter in waiters {
            waiter.continuation.resume(
                throwing: BlockStoreError(.failed, cid: waiter.cid, message: "Bitswap has ended"))
        }
    }
}
