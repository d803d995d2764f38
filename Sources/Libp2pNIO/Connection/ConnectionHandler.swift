// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import NIOCore
import NIOSSL
import NIOTLS

/// Drives a connection on its event loop: the upgrade, then Noise (if TLS does not encrypt below)
/// and the session.
///
/// upgrading -> open -> closed, or upgrading -> closed.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Makes the connection of a finished upgrade, or refuses it.
    ///
    /// Called on the event loop.
    typealias Establish =
        @Sendable (ConnectionUpgrade.Established, any Channel, ConnectionHandler) throws ->
        SocketConnection

    private enum State {
        case upgrading(ConnectionUpgrade)
        case open(SocketConnection, NoiseChannel?)
        case closed
    }

    private let setup: ConnectionSetup
    private let establish: Establish
    private let established: EventLoopPromise<SocketConnection>
    private var state: State
    private var context: ChannelHandlerContext?
    private var deadline: Scheduled<Void>?
    private var remoteKey: PublicKey?
    private var hasStarted = false

    /// Upgrades the channel as `setup` says; `established` tells how that went.
    init(
        _ setup: ConnectionSetup, established: EventLoopPromise<SocketConnection>,
        establish: @escaping Establish
    ) {
        self.setup = setup
        self.established = established
        self.establish = establish
        state = .upgrading(
            ConnectionUpgrade(
                isInitiator: !setup.isInbound, identity: setup.identity,
                expecting: setup.expectedPeer, securities: setup.securities))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Why a connection never came to be is for whoever dialled to say.
        if hasStarted { finish(HostError(.connectionClosed, "the connection was closed")) }
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(HostError(.connectionClosed, "the peer closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        receive(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        flush()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let alpn)? = event as? TLSUserEvent,
            case .upgrading(var upgrade) = state
        {
            do {
                guard let remoteKey else {
                    throw HostError(.handshakeFailed, "the peer has no certificate")
                }
                let step = try upgrade.tlsCompleted(key: remoteKey, alpn: alpn)
                state = .upgrading(upgrade)
                try proceed(step)
            } catch { fail(error) }
        }
        context.fireUserInboundEventTriggered(event)
    }
}

extension ConnectionHandler {
    private func start(_ context: ChannelHandlerContext) {
        guard case .upgrading(let upgrade) = state, !hasStarted else { return }
        hasStarted = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(setup.upgradeTimeout)) {
            bound.value.fail(HostError(.handshakeFailed, "the handshake took too long"))
        }
        send(upgrade.start())
    }

    private func receive(_ bytes: ByteBuffer) {
        do {
            switch state {
            case .upgrading(var upgrade):
                let step = try upgrade.receive(Array(bytes.readableBytesView))
                state = .upgrading(upgrade)
                try proceed(step)
            case .open(let connection, var channel):
                // The cipher's state must have one owner, or each frame copies it.
                state = .open(connection, nil)
                let plaintext =
                    try channel?.open(bytes.readableBytesSpan) ?? Array(bytes.readableBytesView)
                state = .open(connection, channel)
                if !plaintext.isEmpty { connection.receive(plaintext) }
            case .closed: break
            }
        } catch { fail(error) }
    }

    private func proceed(_ step: ConnectionUpgrade.Step) throws {
        send(step.output)
        switch step.outcome {
        case .pending: break
        case .startTLS(let surplus): try startTLS(surplus)
        case .established(let result):
            guard let context else { return }
            deadline?.cancel()
            let connection = try establish(result, context.channel, self)
            state = .open(connection, result.channel)
            established.succeed(connection)
            tick()
            if !result.surplus.isEmpty { connection.receive(result.surplus) }
            flush()
        }
    }

    private func startTLS(_ surplus: [UInt8]) throws {
        guard let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let handler = try setup.tls.makeHandler(isInitiator: !setup.isInbound) { key in
            bound.value.remoteKey = key
        }
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandler(handler, position: .before(self))
        guard !surplus.isEmpty else { return }
        let tls = try pipeline.context(handler: handler)
        handler.channelRead(context: tls, data: NIOAny(ByteBuffer(bytes: surplus)))
        handler.channelReadComplete(context: tls)
    }

    /// Sends what the session has queued, as long as the socket takes it.
    func flush() {
        guard case .open(let connection, _) = state, let context else { return }
        var hasWritten = false
        while context.channel.isWritable {
            let output = connection.takeOutput()
            guard !output.isEmpty, seal(output, context) else { break }
            hasWritten = true
        }
        if hasWritten { context.flush() }
    }

    private func seal(_ output: [UInt8], _ context: ChannelHandlerContext) -> Bool {
        guard case .open(let connection, var channel) = state else { return false }
        do {
            state = .open(connection, nil)
            let buffer: ByteBuffer
            if channel == nil {
                buffer = ByteBuffer(bytes: output)
            } else {
                let byteCount = NoiseChannel.sealedByteCount(of: output.count)
                buffer = try context.channel.allocator.buffer(capacity: byteCount) { sealed in
                    try channel?.seal(output.span.bytes, to: &sealed)
                }
            }
            state = .open(connection, channel)
            context.write(wrapOutboundOut(buffer), promise: nil)
            return true
        } catch {
            fail(error)
            return false
        }
    }

    private func send(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, let context else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    private func tick() {
        guard case .open(let connection, _) = state, let context,
            let delay = connection.tick()
        else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        // Not more than ten times a second, whatever the session says.
        let amount = TimeAmount(max(delay, .milliseconds(100)))
        deadline = context.eventLoop.scheduleTask(in: amount) { bound.value.tick() }
        flush()
    }

    /// Closes the channel behind what is queued.
    func close() {
        guard let context, context.channel.isActive else { return }
        flush()
        let channel = context.channel
        channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
        // A peer that takes nothing does not keep the connection.
        channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }

    private func fail(_ error: any Error) {
        let channel = context?.channel
        finish(error)
        channel?.close(promise: nil)
    }

    private func finish(_ error: any Error) {
        deadline?.cancel()
        deadline = nil
        let last = state
        state = .closed
        switch last {
        case .upgrading: established.fail(error)
        case .open(let connection, _): connection.ended()
        case .closed: break
        }
    }
}
