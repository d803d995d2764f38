// SPDX-License-Identifier: Apache-2.0

public import Libp2p
import Logging
public import Multiformats
import NIOCore
import Synchronization

extension SocketHost {
    /// Opens a stream; see ``Host``.
    public func openStream(
        to peer: PeerID, for protocols: [ProtocolID]
    ) async throws -> any PeerStream {
        guard let connection = connection(to: peer) else {
            try await connect(to: peer, at: [])
            guard let connection = self.connection(to: peer) else {
                throw HostError(.connectionClosed, peer: peer, "the connection ended")
            }
            return try await openStream(on: connection, for: protocols)
        }
        return try await openStream(on: connection, for: protocols)
    }

    /// The connection on which streams to `peer` are opened: the newest.
    private func connection(to peer: PeerID) -> SocketConnection? {
        state.withLock { $0.table.connections(to: peer).last }
    }

    /// Opens a stream on a connection, and agrees on what is spoken.
    func openStream(
        on connection: SocketConnection, for protocols: [ProtocolID]
    ) async throws -> SocketStream {
        let peer = connection.remotePeer
        let now = time.now()
        let isCounted = state.withLock { state in
            guard state.ledger.openStream(with: peer, isInbound: false) else { return false }
            state.keeper.streamOpened(on: connection.id, now: now)
            return true
        }
        guard isCounted else { throw HostError(.limit, peer: peer, "too many streams are open") }
        let stream: MuxedStream
        do { stream = try connection.openStream() } catch {
            uncount(peer, connection.id, isInbound: false)
            throw error
        }
        do { return try await negotiate(stream, protocols) } catch let error as MultistreamError {
            if case .refused = error {
                throw HostError(.unsupportedProtocol, peer: peer, "it speaks none of \(protocols)")
            }
            throw HostError(.handshakeFailed, peer: peer, "\(error)")
        } catch let error as PeerStreamError {
            switch error {
            case .connectionClosed:
                throw HostError(.connectionClosed, peer: peer, "the connection ended")
            default: throw HostError(.limit, peer: peer, "the peer reset the stream")
            }
        }
    }

    /// Agrees on a protocol in the time that there is for it.
    private func negotiate(
        _ stream: MuxedStream, _ protocols: [ProtocolID]
    ) async throws -> SocketStream {
        let loop = stream.connection.channel.eventLoop
        let deadline = loop.scheduleTask(in: TimeAmount(options.timeouts.negotiation)) {
            stream.reset(code: .negotiationFailed)
        }
        defer { deadline.cancel() }
        return try await stream.negotiate(protocols)
    }

    // On the connection's event loop.
    func streamOpened(_ stream: MuxedStream) -> Bool {
        let connection = stream.connection
        let now = time.now()
        let isCounted = state.withLock { state in
            guard state.ledger.openStream(with: connection.remotePeer, isInbound: true) else {
                return false
            }
            state.keeper.streamOpened(on: connection.id, now: now)
            return true
        }
        guard isCounted else { return false }
        stream.markCounted()
        return pool.add { await self.serve(stream) }
    }

    func streamFinished(_ stream: MuxedStream) {
        guard stream.isCounted else { return }
        let connection = stream.connection
        uncount(connection.remotePeer, connection.id, isInbound: !stream.isOutbound)
    }

    private func uncount(_ peer: PeerID, _ connection: UInt64, isInbound: Bool) {
        let now = time.now()
        state.withLock { state in
            state.ledger.closeStream(with: peer, isInbound: isInbound)
            state.keeper.streamClosed(on: connection, now: now)
        }
    }

    /// Answers a stream that a peer opened.
    private func serve(_ stream: MuxedStream) async {
        let protocols = state.withLock { Array($0.handlers.protocols) }
        // The stream is reset if that fails, and nobody else waits for it.
        guard let negotiated = try? await negotiate(stream, protocols) else { return }
        let peer = negotiated.remotePeer
        let admission = state.withLock { $0.handlers.admit(negotiated.protocolID, from: peer) }
        guard case .admitted(let ticket, let handler) = admission else {
            return stream.reset(code: .resourceLimit)
        }
        do {
            try await handler(negotiated)
            await negotiated.close()
        } catch {
            logger.trace(
                "stream handler failed",
                metadata: ["protocol": "\(negotiated.protocolID)", "error": "\(error)"])
            negotiated.reset()
        }
        state.withLock { $0.handlers.release(ticket) }
    }
}
