// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// A stream on which a protocol has been agreed.
final class SocketStream: PeerStream {
    let protocolID: ProtocolID
    private let stream: MuxedStream

    init(_ stream: MuxedStream, speaking protocolID: ProtocolID) {
        self.stream = stream
        self.protocolID = protocolID
    }

    var remotePeer: PeerID { stream.connection.remotePeer }
    var remoteAddress: Multiaddr { stream.connection.remoteAddress }
    var isOutbound: Bool { stream.isOutbound }
    var executor: (any TaskExecutor)? { stream.connection.executor }
    /// The connection that it is on.
    var connection: SocketConnection { stream.connection }

    func read(atMost limit: Int) async throws -> [UInt8]? { try await stream.read(atMost: limit) }
    func write(_ bytes: [UInt8]) async throws { try await stream.write(bytes) }
    func closeWrite() async throws { try stream.closeWrite() }
    func close() async { stream.close() }
    func reset() { stream.reset() }
}

extension MuxedStream {
    /// Agrees on one of `protocols` with the peer; the stream is reset if that fails.
    ///
    /// - Throws: ``MultistreamError``; ``PeerStreamError``; `CancellationError`.
    func negotiate(_ protocols: [ProtocolID]) async throws -> SocketStream {
        var negotiation = Negotiation(isInitiator: isOutbound, protocols)
        do {
            try await write(negotiation.start())
            while let bytes = try await read(atMost: 4096) {
                let step = try negotiation.receive(bytes)
                if !step.output.isEmpty { try await write(step.output) }
                if let agreed = step.agreed {
                    unread(step.surplus)
                    return SocketStream(self, speaking: agreed)
                }
            }
            throw PeerStreamError.reset
        } catch {
            reset(code: .negotiationFailed)
            throw error
        }
    }
}
