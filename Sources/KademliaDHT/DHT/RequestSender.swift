// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Synchronization

/// Sends requests and waits for answers, on streams that are kept for the next request.
///
/// One idle stream per peer is kept, up to a number in all; requests to one peer at the same time
/// use streams of their own. A request that fails on a kept stream, which the peer may have ended
/// meanwhile, is tried once more on a new one. Peers with whom that happens thrice get a new stream
/// for each request.
final class RequestSender: Sendable {
    /// An answer, and where the peer that gave it is.
    struct Answer: Sendable {
        let message: KademliaMessage
        let address: Multiaddr
    }

    private struct Exchange: Sendable {
        let stream: any PeerStream
        var reader: MessageReader

        init(_ stream: any PeerStream) {
            self.stream = stream
            reader = MessageReader(stream, maximumByteCount: KademliaLimits.answerByteCount)
        }
    }

    private struct Idle: Sendable {
        let exchange: Exchange
        let since: Duration
    }

    private struct State: Sendable {
        var idle: [PeerID: Idle] = [:]
        /// Failures in a row on kept streams.
        var failureCounts: [PeerID: Int] = [:]
    }

    /// Idle streams kept at most.
    private static let idleCount = 256
    /// Failures in a row after which streams to a peer are not kept; go-libp2p's number.
    private static let failureCount = 3

    private let host: any Host
    private let protocolID: ProtocolID
    private let timeouts: DHTOptions.Timeouts
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Duration
    private let state = Mutex(State())

    init(
        _ host: any Host, _ options: DHTOptions, clock: any Clock<Duration>,
        now: @escaping @Sendable () -> Duration
    ) {
        self.host = host
        protocolID = options.protocolID
        timeouts = options.timeouts
        self.clock = clock
        self.now = now
    }

    /// Sends `request` and waits for the answer.
    ///
    /// - Throws: ``DHTError``; `HostError`; `PeerStreamError`; `CancellationError`.
    func request(_ request: KademliaMessage, to peer: PeerID) async throws -> Answer {
        let bytes = request.bytes
        if let exchange = takeIdle(peer) {
            do { return try await ask(bytes, request.kind, on: exchange, isReused: true) } catch {
                noteFailure(peer)
                // The peer had time enough, or nobody wants the answer: no second try.
                if error is CancellationError || (error as? DHTError)?.code == .timedOut {
                    throw error
                }
            }
        }
        let stream = try await open(to: peer)
        return try await ask(bytes, request.kind, on: Exchange(stream), isReused: false)
    }

    /// Opens a stream that is the caller's own.
    func open(to peer: PeerID) async throws -> any PeerStream {
        try await withDeadline(timeouts.open, on: clock, "opening a stream") {
            [host, protocolID] in
            try await host.openStream(to: peer, for: [protocolID])
        }
    }

    /// Ends streams that have not been used for `duration`; `zero` ends all.
    func closeIdle(for duration: Duration) async {
        let now = now()
        let old = state.withLock { state in
            let old = state.idle.filter { now - $0.value.since >= duration }
            for peer in old.keys { state.idle[peer] = nil }
            // Counts are remembered for about as long as peers are.
            if state.failureCounts.count > Self.idleCount * 4 { state.failureCounts = [:] }
            return old.values.map(\.exchange.stream)
        }
        for stream in old { await stream.close() }
    }

    private func ask(
        _ bytes: [UInt8], _ kind: KademliaMessage.Kind, on exchange: Exchange, isReused: Bool
    ) async throws -> Answer {
        let stream = exchange.stream
        do {
            let (message, after) = try await withDeadline(
                timeouts.answer, on: clock, "waiting for an answer"
            ) { () -> ([UInt8], Exchange) in
                var exchange = exchange
                try await exchange.stream.writeMessage(bytes)
                guard let message = try await exchange.reader.next() else {
                    throw DHTError(
                        .refused, peer: stream.remotePeer, "the stream ended without an answer")
                }
                return (message, exchange)
            }
            let answer: KademliaMessage
            do { answer = try KademliaMessage(message) } catch {
                throw DHTError(
                    .wrongAnswer, peer: stream.remotePeer, "unreadable answer: \(error)",
                    cause: error)
            }
            guard answer.kind == kind else {
                throw DHTError(
                    .wrongAnswer, peer: stream.remotePeer, "asked \(kind), answered \(answer.kind)")
            }
            await keep(after, isReused: isReused)
            return Answer(message: answer, address: stream.remoteAddress)
        } catch {
            stream.reset()
            throw error
        }
    }

    private func takeIdle(_ peer: PeerID) -> Exchange? {
        state.withLock { $0.idle.removeValue(forKey: peer)?.exchange }
    }

    private func keep(_ exchange: Exchange, isReused: Bool) async {
        let peer = exchange.stream.remotePeer
        let now = now()
        let isKept = state.withLock { state in
            if isReused { state.failureCounts[peer] = nil }
            guard state.idle[peer] == nil, state.idle.count < Self.idleCount,
                state.failureCounts[peer, default: 0] < Self.failureCount
            else { return false }
            state.idle[peer] = Idle(exchange: exchange, since: now)
            return true
        }
        if !isKept { await exchange.stream.close() }
    }

    private func noteFailure(_ peer: PeerID) {
        state.withLock { $0.failureCounts[peer, default: 0] += 1 }
    }
}
