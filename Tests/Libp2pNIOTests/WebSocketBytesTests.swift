// SPDX-License-Identifier: Apache-2.0

import Multiformats
import NIOCore
import NIOPosix
import NIOWebSocket
import Testing

@testable import Libp2pNIO

@Suite
struct WebSocketBytesTests {
    @Test
    func `pings are not answered while what was sent before is not taken`() async throws {
        try await withSilentServer { address in
            let target = try #require(TransportAddress(address))
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.writeBufferWaterMark, value: .init(low: 1, high: 8))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers([
                            PongCounter(), WebSocketBytesHandler(isClient: false),
                        ])
                    }
                }
                .connect(host: "127.0.0.1", port: Int(target.port)).get()
            let counts = try await channel.eventLoop.submit { () throws -> [Int] in
                let pipeline = channel.pipeline.syncOperations
                let counter = try pipeline.handler(type: PongCounter.self)
                let ping = WebSocketFrame(
                    fin: true, opcode: .ping, data: ByteBuffer(string: "ping"))
                var counts: [Int] = []
                func answer() {
                    pipeline.fireChannelRead(NIOAny(ping))
                    counts.append(counter.pongCount)
                }
                answer()
                // Without a flush it waits as if the socket were full.
                pipeline.write(NIOAny(ByteBuffer(repeating: 0, count: 100)), promise: nil)
                answer()
                pipeline.flush()
                answer()
                return counts
            }.get()
            try await channel.close()
            #expect(counts == [1, 1, 2])
        }
    }
}

/// Counts the pongs, and hands on the bytes of all other frames.
private final class PongCounter: ChannelOutboundHandler {
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    private(set) var pongCount = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let frame = unwrapOutboundIn(data)
        guard frame.opcode == .pong else {
            return context.write(wrapOutboundOut(frame.data), promise: promise)
        }
        pongCount += 1
        promise?.succeed(())
    }
}
