// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The HTTP exchange that turns a connection into a WebSocket, on either side.
enum WebSocketTransport {
    /// Largest WebSocket frame that is taken; go-libp2p sends a write as one, at most 64 KiB of
    /// Noise frame each.
    private static let maximumFrameByteCount = 1 << 20

    /// Makes an accepted connection a WebSocket, and adds `handlers` above it.
    static func accept(on channel: any Channel, then handlers: [any ChannelHandler]) throws {
        let upgrader = NIOTypedWebSocketServerUpgrader<Void>(
            maxFrameSize: maximumFrameByteCount,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        WebSocketBytesHandler(isClient: false))
                }
            })
        let configuration = NIOUpgradableHTTPServerPipelineConfiguration<Void>(
            upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                upgraders: [upgrader], notUpgradingCompletionHandler: refuse))
        let upgraded = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: configuration)
        add(handlers, to: channel, after: upgraded)
    }

    /// Asks the server at `authority` for a WebSocket, and adds `handlers` above it.
    static func connect(
        on channel: any Channel, to authority: String, then handlers: [any ChannelHandler]
    ) throws {
        let upgrader = NIOTypedWebSocketClientUpgrader<Void>(
            maxFrameSize: maximumFrameByteCount,
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        WebSocketBytesHandler(isClient: true))
                }
            })
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: authority)
        headers.add(name: "Content-Length", value: "0")
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: headers)
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration<Void>(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: head, upgraders: [upgrader],
                notUpgradingCompletionHandler: refuse))
        configuration.leftOverBytesStrategy = .forwardBytes
        let upgraded = try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: configuration)
        add(handlers, to: channel, after: upgraded)
    }

    @Sendable
    private static func refuse(_ channel: any Channel) -> EventLoopFuture<Void> { channel.close() }

    /// Adds `handlers` once HTTP is out of their way: before, they could not write.
    private static func add(
        _ handlers: [any ChannelHandler], to channel: any Channel,
        after upgraded: EventLoopFuture<Void>
    ) {
        let bound = NIOLoopBound(handlers, eventLoop: channel.eventLoop)
        upgraded.whenComplete { result in
            do {
                try result.get()
                try channel.pipeline.syncOperations.addHandlers(bound.value)
            } catch { channel.close(promise: nil) }
        }
    }
}

/// The bytes of a WebSocket's binary messages, without their borders.
final class WebSocketBytesHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    /// What one frame holds at most when it is sent.
    private static let maximumPayloadByteCount = 64 << 10

    private let isClient: Bool

    /// Clients mask what they send (RFC 6455, section 5.3).
    init(isClient: Bool) { self.isClient = isClient }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .binary, .continuation:
            context.fireChannelRead(wrapInboundOut(frame.unmaskedData))
        case .ping where !context.channel.isWritable:
            // Who does not read gets no answers.
            break
        case .ping:
            let pong = WebSocketFrame(
                fin: true, opcode: .pong, maskKey: maskKey(), data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .pong: break
        default: context.close(promise: nil)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = unwrapOutboundIn(data)
        repeat {
            let count = min(bytes.readableBytes, Self.maximumPayloadByteCount)
            let slice = bytes.readSlice(length: count) ?? ByteBuffer()
            let frame = WebSocketFrame(
                fin: true, opcode: .binary, maskKey: maskKey(), data: slice)
            let isLast = bytes.readableBytes == 0
            context.write(wrapOutboundOut(frame), promise: isLast ? promise : nil)
        } while bytes.readableBytes > 0
    }

    private func maskKey() -> WebSocketMaskingKey? { isClient ? .random() : nil }
}
