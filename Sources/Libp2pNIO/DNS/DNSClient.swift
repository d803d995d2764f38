// SPDX-License-Identifier: Apache-2.0

import Libp2p
import NIOCore
import NIOPosix

/// Asks name servers for TXT records, over UDP and where that is too small over TCP.
struct DNSClient: Sendable {
    /// How long a server has for one try.
    static let timeout = TimeAmount.seconds(2)
    /// How often each server is asked.
    static let tryCount = 2

    private let servers: [SocketAddress]
    private let eventLoops: any EventLoopGroup

    /// A client of `servers`, asked one after the other.
    init(servers: [SocketAddress], eventLoops: any EventLoopGroup) {
        self.servers = servers
        self.eventLoops = eventLoops
    }

    /// The TXT records of `name`; none if nobody knows any.
    func text(of name: String) async -> [[UInt8]] {
        for _ in 0..<Self.tryCount {
            for server in servers where !Task.isCancelled {
                guard let query = DNSQuery(name, id: .random(in: 0...UInt16.max)) else { return [] }
                // A server that does not answer, or nonsense, is like none; the next is asked.
                switch try? await ask(server, query, overTCP: false) {
                case .records(let records)?: return records
                case .truncated?:
                    // The same.
                    if case .records(let records)? = try? await ask(server, query, overTCP: true) {
                        return records
                    }
                case .failed?, nil: break
                }
            }
        }
        return []
    }

    private func ask(
        _ server: SocketAddress, _ query: DNSQuery, overTCP: Bool
    ) async throws -> DNSQuery.Answer {
        let loop = eventLoops.next()
        let answer = loop.makePromise(of: DNSQuery.Answer.self)
        let channel: any Channel
        do {
            if overTCP {
                channel = try await ClientBootstrap(group: loop)
                    .connectTimeout(Self.timeout)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(
                                DNSStreamHandler(query, answer))
                        }
                    }
                    .connect(to: server).get()
            } else {
                let any: SocketAddress =
                    switch server {
                    case .v6: try SocketAddress(ipAddress: "::", port: 0)
                    default: try SocketAddress(ipAddress: "0.0.0.0", port: 0)
                    }
                channel = try await DatagramBootstrap(group: loop)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(
                                DNSDatagramHandler(query, server, answer))
                        }
                    }
                    .bind(to: any).get()
            }
        } catch {
            answer.fail(error)
            throw error
        }
        let deadline = loop.scheduleTask(in: Self.timeout) {
            answer.fail(ChannelError.connectTimeout(Self.timeout))
        }
        answer.futureResult.whenComplete { _ in
            deadline.cancel()
            channel.close(promise: nil)
        }
        return try await answer.futureResult.get()
    }
}

/// Sends a question in a datagram, and waits for the one that answers it.
private final class DNSDatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let query: DNSQuery
    private let server: SocketAddress
    private let answer: EventLoopPromise<DNSQuery.Answer>

    init(
        _ query: DNSQuery, _ server: SocketAddress, _ answer: EventLoopPromise<DNSQuery.Answer>
    ) {
        self.query = query
        self.server = server
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let message = AddressedEnvelope(
            remoteAddress: server, data: ByteBuffer(bytes: query.bytes))
        context.writeAndFlush(wrapOutboundOut(message), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        // Others may send here, too.
        guard envelope.remoteAddress == server else { return }
        // What is no answer to the question is not waited for any less.
        if let result = try? query.answer(Array(envelope.data.readableBytesView)) {
            answer.succeed(result)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { answer.fail(error) }
}

/// Sends a question over TCP, its length before it, and waits for the answer.
private final class DNSStreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let query: DNSQuery
    private let answer: EventLoopPromise<DNSQuery.Answer>
    private var received = ByteBuffer()

    init(_ query: DNSQuery, _ answer: EventLoopPromise<DNSQuery.Answer>) {
        self.query = query
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let bytes = query.bytes
        var message = ByteBuffer()
        message.writeInteger(UInt16(bytes.count))
        message.writeBytes(bytes)
        context.writeAndFlush(wrapOutboundOut(message), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = unwrapInboundIn(data)
        // Less than 64 KiB and one read: the length says no more.
        received.writeBuffer(&more)
        guard let length = received.getInteger(at: 0, as: UInt16.self),
            let bytes = received.getBytes(at: 2, length: Int(length))
        else { return }
        do {
            guard let result = try query.answer(bytes) else {
                throw DNSMessageError.truncated(offset: bytes.count)
            }
            answer.succeed(result)
        } catch { answer.fail(error) }
    }

    func channelInactive(context: ChannelHandlerContext) { answer.fail(ChannelError.eof) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { answer.fail(error) }
}
