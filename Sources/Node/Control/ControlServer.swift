// SPDX-License-Identifier: Apache-2.0

import FileIO
import Libp2pNIO
public import Logging
import NIOCore
import NIOPosix
import Pipeline
public import ServiceLifecycle

/// Answers requests on the control socket.
///
/// Bounds: ``Limits``. Every connection is a session; requests on it run at the same time and are
/// answered in any order. A client that goes away cancels what runs for it.
public final class ControlServer: Service {
    /// How much clients may ask for at once.
    public struct Limits: Hashable, Sendable {
        /// Connections; more wait until one ends.
        ///
        /// Default 64.
        public var connectionCount = 64
        /// Requests of one connection that run at once; more wait.
        ///
        /// Default 32.
        public var requestCount = 32

        /// The defaults.
        public init() {}
    }

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let path: String
    private let service: any ControlService
    private let limits: Limits
    private let logger: Logger
    private let channel: NIOAsyncChannel<any Channel, Never>

    /// Opens the socket of the repository at `path`, whose ``NodeLock`` the caller holds.
    ///
    /// - Throws: `IOError`, ``NodeError``.
    public init(
        repository path: String, service: any ControlService, limits: Limits = Limits(),
        logger: Logger
    ) async throws {
        self.path = path
        self.service = service
        self.limits = limits
        self.logger = logger
        let descriptor = try await BlockingPool.shared.run { try ControlSocket.listen(in: path) }
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelInitializer { AcceptPause.add(to: $0, logger: logger) }
            // Nothing is read before somebody serves the connection.
            .childChannelOption(.autoRead, value: false)
            .bind(
                descriptor,
                serverBackPressureStrategy: .init(lowWatermark: 1, highWatermark: 4)
            ) { channel in channel.eventLoop.makeSucceededFuture(channel) }
    }

    /// Serves until cancelled or shut down; then the socket is gone.
    public func run() async throws {
        let connections = WeightedSemaphore(capacity: limits.connectionCount)
        do {
            try await cancelWhenGracefulShutdown { [self] in
                try await channel.executeThenClose { inbound in
                    try await withThrowingDiscardingTaskGroup { group in
                        defer { group.cancelAll() }
                        for try await connection in inbound {
                            try await connections.acquire(1)
                            group.addTask { [self] in
                                defer { connections.release(1) }
                                await serve(connection)
                            }
                        }
                    }
                }
            }
        } catch is CancellationError {
            // The way in which a shutdown ends the loop.
        }
        await removeSocket()
    }

    private func removeSocket() async {
        do {
            try await BlockingPool.shared.run { [path] in try ControlSocket.remove(in: path) }
        } catch {
            logger.warning("the control socket stays", metadata: ["error": "\(error)"])
        }
    }

    private func serve(_ channel: any Channel) async {
        do {
            let connection = try await channel.eventLoop.submit {
                try Connection(wrappingChannelSynchronously: channel)
            }.get()
            try await connection.executeThenClose { [self] inbound, outbound in
                try await channel.setOption(.autoRead, value: true).get()
                try await service.withSession { session in
                    try await serve(session, on: channel, inbound, outbound)
                }
            }
        } catch is CancellationError {
            // The client has gone, or the node ends.
        } catch {
            logger.debug("a control connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func serve(
        _ session: any ControlSession, on channel: any Channel,
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        let room = WeightedSemaphore(capacity: limits.requestCount)
        var framer = ControlFramer(lineLimit: ControlRequest.maximumByteCount)
        try await withThrowingDiscardingTaskGroup { group in
            // The client is gone, or sent nonsense: nobody waits for what still runs.
            defer {
                channel.close(promise: nil)
                group.cancelAll()
            }
            group.addTask {
                // Also while all requests run and no more are read.
                try await channel.closeFuture.get()
                throw CancellationError()
            }
            for try await buffer in inbound {
                framer.append(buffer.readableBytesView)
                while let line = try framer.nextLine() {
                    try await room.acquire(1)
                    let line = Array(line)
                    group.addTask {
                        defer { room.release(1) }
                        try await Self.answer(line, session, outbound)
                    }
                }
            }
        }
    }

    private static func answer(
        _ line: [UInt8], _ session: any ControlSession,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        var id: UInt64 = 0
        var last = ControlAnswer()
        do {
            let request = try parse(line, &id)
            try await session.perform(request) { [id] answer, bytes in
                var answer = answer
                answer.id = id
                try await send(answer, bytes, outbound)
            }
            last.done = true
        } catch let error as ControlError {
            last.error = error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            last.error = ControlError(.failed, "\(error)")
        }
        last.id = id
        try await send(last, [], outbound)
    }

    /// The request of a line; `id` is set as soon as it is known.
    private static func parse(_ line: [UInt8], _ id: inout UInt64) throws -> ControlRequest {
        struct Head: Decodable {
            let version: Int?
            let id: UInt64?
        }
        let head: Head
        do { head = try ControlText.value(Head.self, from: line[...]) } catch {
            throw ControlError(.badRequest, "the request is no JSON object with a number `id`")
        }
        id = head.id ?? 0
        guard head.version == ControlRequest.currentVersion else {
            throw ControlError(
                .unsupportedVersion,
                "this node speaks version \(ControlRequest.currentVersion) of the protocol")
        }
        do { return try ControlText.value(ControlRequest.self, from: line[...]) } catch {
            throw ControlError(.badRequest, "a field of the request is missing or of another type")
        }
    }

    private static func send(
        _ answer: ControlAnswer, _ bytes: [UInt8],
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        let line = try ControlText.line(answer)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(line.count + bytes.count)
        buffer.writeBytes(line)
        buffer.writeBytes(bytes)
        try await outbound.write(buffer)
    }
}
