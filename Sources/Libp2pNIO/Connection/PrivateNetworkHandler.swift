// SPDX-License-Identifier: Apache-2.0

import Libp2p
import NIOCore

/// Encrypts all of a connection with the key of a private network, below everything else.
final class PrivateNetworkHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var channel: PrivateNetworkChannel
    private var hasStarted = false

    init(_ key: PreSharedKey) {
        var random = SystemRandomNumberGenerator()
        channel = PrivateNetworkChannel(key: key, using: &random)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = channel.open(Array(unwrapInboundIn(data).readableBytesView))
        if !bytes.isEmpty { context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: bytes))) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var output = hasStarted ? [] : channel.start()
        hasStarted = true
        output += channel.seal(Array(unwrapOutboundIn(data).readableBytesView))
        context.write(wrapOutboundOut(ByteBuffer(bytes: output)), promise: promise)
    }
}
