// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Logging
import Multiformats
import Synchronization

extension BlockServer {
    /// Starts senders for what is queued for a peer, as many as it may have streams.
    func startSenders(_ peer: PeerID) {
        while let stream = state.withLock({ beginSender(peer, &$0) }) {
            let isStarted = jobs.start { [self] in await send(to: peer, on: stream) }
            guard isStarted else { return }
        }
    }

    /// Makes the caller a sender of the peer if one more is needed; the stream that was kept for
    /// it, if any.
    func beginSender(_ peer: PeerID, _ state: inout State) -> (any PeerStream)?? {
        guard let outlet = state.outlets[peer],
            outlet.senderCount < min(options.server.streamsPerPeer, outlet.queue.count)
        else { return .none }
        state.outlets[peer]?.senderCount += 1
        return .some(state.outlets[peer]?.idleStreams.popLast()?.stream)
    }

    private func hasQueue(_ peer: PeerID) -> Bool {
        state.withLock { $0.outlets[peer]?.queue.isEmpty == false }
    }

    /// Sends what is queued for a peer, until nothing is.
    ///
    /// The stream stays open for what comes later; the peer reads message after message.
    ///
    /// - Parameter isAside: whether to do no more than the first message; another task goes on.
    func send(
        to peer: PeerID, on kept: (any PeerStream)?, isAside: Bool = false
    ) async {
        // The connection is not the one to be closed when there are many.
        host.protect(peer, tag: "bitswap serves")
        defer { host.unprotect(peer, tag: "bitswap serves") }
        var stream = kept
        while let outgoing = next(for: peer, returning: stream) {
            do {
                stream = try await send(outgoing.message, to: peer, on: stream)
                state.withLock { state in
                    state.engine.finished(outgoing.envelope)
                    state.statistics.countSent(outgoing.message)
                }
                startWorkers()
                if isAside, hasQueue(peer) {
                    let stream = stream
                    jobs.start { [self] in await send(to: peer, on: stream) }
                    return
                }
            } catch {
                logger.debug(
                    "peer does not take its blocks",
                    metadata: ["peer": "\(peer)", "error": "\(error)"])
                fail(outgoing, peer)
                return
            }
        }
    }

    /// Writes a message; a stream that was kept may have ended meanwhile, and is replaced once.
    ///
    /// - Returns: the stream that was written to.
    private func send(
        _ message: BitswapMessage, to peer: PeerID, on kept: (any PeerStream)?
    ) async throws -> any PeerStream {
        if let kept {
            do {
                try await write(message, on: kept)
                return kept
            } catch let error as PeerStreamError {
                kept.reset()
                // It may have had another connection.
                guard error != .connectionClosed || host.isConnected(to: peer) else { throw error }
            }
        }
        // To open a stream would dial.
        guard host.isConnected(to: peer) else { throw PeerStreamError.connectionClosed }
        let stream = try await host.openStream(to: peer, for: ProtocolID.bitswap)
        do {
            try await write(message, on: stream)
            return stream
        } catch {
            stream.reset()
            throw error
        }
    }

    private func write(_ message: BitswapMessage, on stream: any PeerStream) async throws {
        let version = BitswapVersion(stream.protocolID) ?? .presences
        let bytes = message.framed(version)
        // A message of presences alone is empty before 1.2.
        if bytes.count == 1 { return }
        let id = watch.begin(stream, byteCount: bytes.count)
        defer { watch.end(id) }
        try await stream.write(bytes)
    }

    /// The next message; if there is none, the sender ends and its stream is kept.
    private func next(for peer: PeerID, returning stream: (any PeerStream)?) -> Outgoing? {
        let now = now()
        return state.withLock { state in
            if state.outlets[peer]?.queue.isEmpty == false {
                return state.outlets[peer]?.queue.removeFirst()
            }
            state.outlets[peer]?.senderCount -= 1
            if let stream { state.outlets[peer]?.idleStreams.append((stream, now)) }
            Self.forgetIfIdle(peer, &state)
            return nil
        }
    }

    /// A peer that cannot be sent to, or does not read, is sent nothing more until it asks again.
    private func fail(_ outgoing: Outgoing, _ peer: PeerID) {
        state.withLock { state in
            state.engine.finished(outgoing.envelope)
            state.engine.disconnected(peer)
            state.outlets[peer]?.senderCount -= 1
            state.statistics.sendFailures += 1
            _ = Self.drop(peer, &state)
        }
        startWorkers()
    }
}
