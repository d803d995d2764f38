// SPDX-License-Identifier: Apache-2.0

import Libp2p
public import Multiformats
import NIOCore
import Synchronization

extension SocketHost {
    /// How many ping streams a peer may have, as in go-libp2p.
    private static let pingLimits = StreamLimits(perPeer: 2, total: 256)
    /// How long a peer may keep a ping stream without a round, as in go-libp2p.
    private static let pingIdleTimeout = TimeAmount.seconds(60)

    /// Answers pings.
    func servePing() {
        state.withLock { state in
            state.handlers.handle([Ping.protocolID], limits: Self.pingLimits) { stream in
                var responder = PingResponder()
                while let bytes = try await withDeadline(
                    after: Self.pingIdleTimeout, on: stream,
                    { try await stream.read(atMost: 1024) })
                {
                    let answer = responder.receive(bytes)
                    if !answer.isEmpty { try await stream.write(answer) }
                }
            }
        }
    }

    /// Pings `peer` once on a stream of its own; connects first when need be.
    ///
    /// - Returns: how long the answer took.
    /// - Throws: ``HostError``; ``PingError``; ``PeerStreamError``; `CancellationError`.
    public func ping(_ peer: PeerID) async throws -> Duration {
        let stream = try await openStream(to: peer, for: [Ping.protocolID])
        do {
            let elapsed = try await withDeadline(after: .seconds(10), on: stream) {
                var random = SystemRandomNumberGenerator()
                var initiator = PingInitiator()
                try await stream.write(initiator.start(using: &random, at: self.time.now()))
                while let bytes = try await stream.read(atMost: Ping.byteCount) {
                    if let elapsed = try initiator.receive(bytes, at: self.time.now()) {
                        return elapsed
                    }
                }
                throw PeerStreamError.malformed("the peer answered no ping")
            }
            await stream.close()
            return elapsed
        } catch {
            stream.reset()
            throw error
        }
    }
}

/// Runs `body`, and resets `stream` if that takes longer, which fails what `body` waits for.
func withDeadline<Value>(
    after timeout: TimeAmount, on stream: any PeerStream, _ body: () async throws -> Value
) async rethrows -> Value {
    // Streams of this host have an event loop; no others come here.
    guard let loop = (stream as? SocketStream)?.connection.channel.eventLoop else {
        return try await body()
    }
    let deadline = loop.scheduleTask(in: timeout) { stream.reset() }
    defer { deadline.cancel() }
    return try await body()
}
