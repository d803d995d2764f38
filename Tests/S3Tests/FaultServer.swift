// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A request as it came in.
struct ReceivedRequest: Sendable {
    let method: String
    /// Path and query, as sent.
    let uri: String
    let headers: HTTPHeaders
    let body: [UInt8]

    /// The first header of that name.
    func header(_ name: String) -> String? { headers.first(name: name) }

    var path: String { String(uri.split(separator: "?", maxSplits: 1).first ?? "") }
    /// The query, decoded.
    var query: [String: String] {
        guard let text = uri.split(separator: "?", maxSplits: 1).dropFirst().first else {
            return [:]
        }
        return text.split(separator: "&").reduce(into: [:]) { query, item in
            let halves = item.split(separator: "=", omittingEmptySubsequences: false)
            query[String(halves[0])] =
                String(halves.dropFirst().first ?? "").removingPercentEncoding ?? ""
        }
    }
}

/// What the server does with a request.
enum ServerReply: Sendable {
    case answer(Int, [(String, String)] = [], [UInt8] = [])
    /// Closes the connection instead of an answer.
    case cut
    /// States a length, sends these bytes and closes.
    case cutBody(Int, [(String, String)] = [], [UInt8] = [], stated: Int)
    /// Never answers.
    case silence
    /// Sends a byte of the body each 20 ms, as long as somebody listens.
    case trickle(Int, [(String, String)] = [])
    /// Sends this again and again, as long as somebody listens.
    case endless(Int, [(String, String)] = [], [UInt8])
}

/// An HTTP server on a free port of loopback that does as it is told.
final class FaultServer: Sendable {
    typealias Respond = @Sendable (ReceivedRequest) -> ServerReply
    /// Hears of a request when its head has come; true closes the connection with the first bytes of
    /// its body.
    typealias Interrupt = @Sendable (HTTPRequestHead) -> Bool

    /// Its own thread: what it floods does not hold up the client.
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let log: RequestLog

    /// Starts the server; `respond` is called on its event loops, and does not block.
    init(
        tls: NIOSSLContext? = nil, interrupt: @escaping Interrupt = { _ in false },
        _ respond: @escaping Respond
    ) throws {
        let log = RequestLog()
        self.log = log
        channel = try ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(
                        FaultHandler(interrupt) { request in
                            log.add(request)
                            return respond(request)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
    }

    deinit {
        // Closes all that is open; nobody waits for it.
        group.shutdownGracefully { _ in }
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    /// The requests so far, oldest first.
    var requests: [ReceivedRequest] { log.all }
}

private final class RequestLog: Sendable {
    private let requests = Mutex<[ReceivedRequest]>([])

    var all: [ReceivedRequest] { requests.withLock { $0 } }

    func add(_ request: ReceivedRequest) { requests.withLock { $0.append(request) } }
}

/// Gathers a request, and acts out the reply.
private final class FaultHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let interrupt: FaultServer.Interrupt
    private let respond: FaultServer.Respond
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isInterrupted = false

    init(_ interrupt: @escaping FaultServer.Interrupt, _ respond: @escaping FaultServer.Respond) {
        self.interrupt = interrupt
        self.respond = respond
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            isInterrupted = interrupt(head)
        case .body(let buffer):
            if isInterrupted { return context.close(promise: nil) }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head, !isInterrupted else { return }
            act(
                respond(
                    ReceivedRequest(
                        method: head.method.rawValue, uri: head.uri, headers: head.headers,
                        body: body)), head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func act(
        _ reply: ServerReply, _ request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        switch reply {
        case .answer(let status, let headers, let body):
            let stated = headers.contains { $0.0.lowercased() == "content-length" }
            start(status, headers + (stated ? [] : [("Content-Length", "\(body.count)")]), context)
            // A length without a body is what HEAD answers.
            if request.method != .HEAD { send(body, context) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .cut: context.close(promise: nil)
        case .cutBody(let status, let headers, let body, let stated):
            start(status, headers + [("Content-Length", "\(stated)")], context)
            send(body, context)
            context.flush()
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            // Not at once: the client is to see the beginning.
            context.eventLoop.scheduleTask(in: .milliseconds(20)) {
                bound.value.close(promise: nil)
            }
        case .silence: break
        case .trickle(let status, let headers):
            start(status, headers + [("Content-Length", "1000000")], context)
            repeatedly([0], every: .milliseconds(20), context)
        case .endless(let status, let headers, let bytes):
            start(status, headers, context)
            repeatedly(bytes, every: .zero, context)
        }
    }

    private func start(
        _ status: Int, _ headers: [(String, String)], _ context: ChannelHandlerContext
    ) {
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status),
            headers: HTTPHeaders(headers))
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    private func repeatedly(
        _ bytes: [UInt8], every pause: TimeAmount, _ context: ChannelHandlerContext
    ) {
        guard context.channel.isActive else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer)))).whenSuccess {
            bound.value.1.eventLoop.scheduleTask(in: pause) {
                let (handler, context) = bound.value
                handler.repeatedly(bytes, every: pause, context)
            }
        }
    }
}
