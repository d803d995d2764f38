// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import NIOCore
import Synchronization

/// A connection after its upgrade: a Yamux session under a lock, which the event loop feeds and
/// the tasks that hold streams read from and write to.
///
/// A task does its part of the work itself and asks the event loop only to send what is queued, at
/// most once at a time.
final class SocketConnection: Sendable {
    /// Who wants to know what happens on a connection.
    ///
    /// Called on its event loop.
    protocol Owner: AnyObject, Sendable {
        /// The peer opened a stream; false if it may not.
        func streamOpened(_ stream: MuxedStream) -> Bool
        /// A stream is over, whichever side opened it. May be called on any thread.
        func streamFinished(_ stream: MuxedStream)
        /// There is no room for what arrived on the connection. May be called on any thread.
        func memoryRanOut(on connection: SocketConnection)
        /// The connection is over. Called once.
        func connectionClosed(_ connection: SocketConnection)
    }

    private struct Core: Sendable {
        var session: YamuxSession
        var streams: [YamuxStreamID: MuxedStream] = [:]
        var isFlushScheduled = false
        var isClosed = false
        /// The unread bytes that are reserved in the budget.
        var reservedByteCount = 0
    }

    /// What is to be done once the lock is released.
    private enum Action: Sendable {
        case opened(MuxedStream)
        case readable(MuxedStream)
        case writable(MuxedStream)
        case reset(MuxedStream)
        case finished(MuxedStream)
        case ended(YamuxEnd)
    }

    let id: UInt64
    let remotePeer: PeerID
    let remoteKey: PublicKey
    let remoteAddress: Multiaddr
    let localAddress: Multiaddr?
    let isInbound: Bool
    let security: ConnectionSecurity
    let channel: any Channel
    /// Runs tasks where the channel is.
    let executor: LoopExecutor
    private let time: ElapsedTime
    private let owner: any Owner
    private let core: Mutex<Core>
    private let memory: MemoryBudget
    private let handler: NIOLoopBound<ConnectionHandler>
    /// How often the peer may say anew who it is.
    let pushes: Mutex<RateLimit>

    init(
        id: UInt64, _ established: ConnectionUpgrade.Established, on channel: any Channel,
        handler: ConnectionHandler, setup: ConnectionSetup, owner: any Owner
    ) {
        self.id = id
        remoteKey = established.remoteKey
        remotePeer = established.remoteKey.peerID
        remoteAddress = setup.remoteAddress
        localAddress = setup.localAddress
        isInbound = setup.isInbound
        security = established.security
        self.channel = channel
        executor = LoopExecutor(channel.eventLoop)
        self.owner = owner
        time = setup.time
        memory = setup.memory
        pushes = Mutex(RateLimit(burst: 10, interval: .seconds(5), now: setup.time.now()))
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        core = Mutex(
            Core(
                session: YamuxSession(
                    isDialer: !setup.isInbound, options: setup.yamux, at: setup.time.now())))
    }

    deinit {
        core.withLock { memory.release($0.reservedByteCount) }
    }

    /// Whether nothing can be opened or written any more.
    var hasEnded: Bool { core.withLock { $0.isClosed || $0.session.end != nil } }

    /// How many streams are open.
    var streamCount: Int { core.withLock { $0.session.streamCount } }

    /// How many bytes have arrived and were not read.
    var unreadByteCount: Int { core.withLock { $0.session.unreadByteCount } }

    /// How long the peer takes to answer.
    var roundTrip: Duration? { core.withLock { $0.session.roundTrip } }
}

// What tasks do.
extension SocketConnection {
    /// Opens a stream.
    ///
    /// - Throws: ``HostError`` with `limit` or `connectionClosed`.
    func openStream() throws(HostError) -> MuxedStream {
        let now = time.now()
        let result = change { core -> Result<MuxedStream, YamuxOpenError> in
            guard !core.isClosed else { return .failure(.closed) }
            do throws(YamuxOpenError) {
                let id = try core.session.open(at: now)
                let stream = MuxedStream(id, isOutbound: true, on: self)
                core.streams[id] = stream
                return .success(stream)
            } catch { return .failure(error) }
        }
        switch result {
        case .success(let stream): return stream
        case .failure(.closed):
            throw HostError(.connectionClosed, peer: remotePeer, "the connection ended")
        case .failure(.tooManyUnacknowledged):
            throw HostError(.limit, peer: remotePeer, "the peer accepts no more streams")
        case .failure(.tooManyStreams), .failure(.exhausted):
            throw HostError(.limit, peer: remotePeer, "too many streams are open")
        }
    }

    func read(_ id: YamuxStreamID, atMost limit: Int) -> YamuxRead {
        let now = time.now()
        return change { $0.session.read(id, atMost: limit, at: now) }
    }

    func write(_ bytes: ArraySlice<UInt8>, to id: YamuxStreamID) -> Int? {
        change { $0.isClosed ? nil : $0.session.write(bytes, to: id) }
    }

    func closeWrite(_ id: YamuxStreamID) {
        change { $0.session.closeWrite(id) }
    }

    func close(_ id: YamuxStreamID) {
        let now = time.now()
        change { $0.session.close(id, at: now) }
    }

    func reset(_ id: YamuxStreamID, code: StreamErrorCode) {
        change { $0.session.reset(id, code: code) }
    }

    /// Ends the connection after what was written.
    func close() {
        channel.eventLoop.execute { self.handler.value.close() }
    }

    /// Ends the connection at once, and drops what arrived.
    func abort() {
        for stream in core.withLock({ Array($0.streams.values) }) { stream.reset() }
        channel.close(promise: nil)
    }

    /// Ends the connection, and waits until it is over.
    func closeAndWait() async {
        close()
        // That it ended is all that matters.
        try? await channel.closeFuture.get()
    }
}

// What the event loop does.
extension SocketConnection {
    /// Takes what arrived.
    func receive(_ bytes: [UInt8]) {
        let now = time.now()
        change { $0.session.receive(bytes, at: now) }
    }

    /// Does what is due, and says in what time to call again; nil once the session is over.
    func tick() -> Duration? {
        let now = time.now()
        return change { core in
            core.session.tick(at: now)
            return core.session.nextDeadline.map { $0 - now }
        }
    }

    /// Takes what is to be sent.
    func takeOutput() -> [UInt8] {
        change(isFlushing: true) { core in
            core.isFlushScheduled = false
            return core.session.takeOutput()
        }
    }

    /// The socket is closed: what streams wait for fails, what arrived can still be read.
    func ended() {
        let streams = core.withLock { core -> [MuxedStream]? in
            guard !core.isClosed else { return nil }
            core.isClosed = true
            defer { core.streams = [:] }
            return Array(core.streams.values)
        }
        guard let streams else { return }
        for stream in streams {
            stream.fail(.connectionClosed)
            owner.streamFinished(stream)
        }
        owner.connectionClosed(self)
    }
}

extension SocketConnection {
    /// Changes the session, tells streams what came of it, and sees that what is queued is sent.
    @discardableResult
    private func change<Value: Sendable>(
        isFlushing: Bool = false, _ body: (inout Core) -> Value
    ) -> Value {
        let (value, actions, mustFlush, isOver) = core.withLock { core in
            let value = body(&core)
            let isOver = !reserve(&core)
            let events = core.session.takeEvents()
            let actions = events.isEmpty ? [] : self.actions(for: events, &core)
            let mustFlush =
                !isFlushing && !core.isFlushScheduled && !core.isClosed
                && core.session.outputByteCount > 0
            if mustFlush { core.isFlushScheduled = true }
            return (value, actions, mustFlush, isOver)
        }
        for action in actions { perform(action) }
        if mustFlush { channel.eventLoop.execute { self.handler.value.flush() } }
        if isOver { owner.memoryRanOut(on: self) }
        return value
    }

    /// Keeps the budget's account of unread bytes; false if there is no room for more, which then
    /// are counted with the next change.
    private func reserve(_ core: inout Core) -> Bool {
        let change = core.session.unreadByteCount - core.reservedByteCount
        if change > 0 {
            guard memory.reserve(change) else { return false }
        } else if change < 0 {
            memory.release(-change)
        }
        core.reservedByteCount += change
        return true
    }

    private func actions(for events: [YamuxEvent], _ core: inout Core) -> [Action] {
        var actions: [Action] = []
        for event in events {
            switch event {
            case .opened(let id):
                let stream = MuxedStream(id, isOutbound: false, on: self)
                core.streams[id] = stream
                actions.append(.opened(stream))
            case .readable(let id):
                if let stream = core.streams[id] { actions.append(.readable(stream)) }
            case .writable(let id):
                if let stream = core.streams[id] { actions.append(.writable(stream)) }
            case .reset(let id, _):
                if let stream = core.streams[id] { actions.append(.reset(stream)) }
            case .finished(let id):
                if let stream = core.streams.removeValue(forKey: id) {
                    actions.append(.finished(stream))
                }
            case .ended(let reason): actions.append(.ended(reason))
            case .acknowledged, .openable, .roundTrip: break
            }
        }
        return actions
    }

    private func perform(_ action: Action) {
        switch action {
        case .opened(let stream):
            if owner.streamOpened(stream) {
                change { $0.session.accept(stream.id) }
            } else {
                stream.reset(code: .resourceLimit)
            }
        case .readable(let stream): stream.becameReadable()
        case .writable(let stream): stream.becameWritable()
        case .reset(let stream): stream.fail(.reset)
        case .finished(let stream): owner.streamFinished(stream)
        case .ended: close()
        }
    }
}
