// SPDX-License-Identifier: Apache-2.0

import FileIO
import NIOCore
import NIOPosix
import Synchronization

/// A connection to the node that runs on a repository.
///
/// Any number of requests may be under way; each gets its answers in the order in which the node
/// gave them. An answer that is not taken holds back those of the other requests.
public final class ControlClient: ControlSession {
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private struct State {
        var lastID: UInt64 = 0
        var waiting: [UInt64: AnswerMailbox] = [:]
        var isClosed = false
    }

    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let state = Mutex(State())

    private init(_ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
        self.outbound = outbound
    }

    /// Runs `body` with a connection to the node on the repository at `path`; nil if none runs.
    ///
    /// - Throws: what `body` throws; `IOError`.
    public static func connected<Result: Sendable>(
        repository path: String, _ body: @escaping @Sendable (ControlClient) async throws -> Result
    ) async throws -> Result? {
        guard
            let descriptor = try await BlockingPool.shared.run({
                try ControlSocket.connect(in: path)
            })
        else { return nil }
        let connection = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .withConnectedSocket(descriptor) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            let client = ControlClient(outbound)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await client.receive(inbound) }
                defer { group.cancelAll() }
                return try await body(client)
            }
        }
    }

    /// Sends `request` and hands on what the node answers.
    ///
    /// - Throws: ``ControlError`` as the node sent it; ``NodeError`` with `connectionLost`;
    ///   `CancellationError`; what `answer` throws.
    public func perform(
        _ request: ControlRequest,
        _ answer: @escaping @Sendable (ControlAnswer, [UInt8]) async throws -> Void
    ) async throws {
        let mailbox = AnswerMailbox()
        let id = try state.withLock { state in
            guard !state.isClosed else { throw Self.lost }
            state.lastID += 1
            state.waiting[state.lastID] = mailbox
            return state.lastID
        }
        defer {
            _ = state.withLock { $0.waiting.removeValue(forKey: id) }
            mailbox.abandon()
        }
        var request = request
        request.id = id
        do {
            try await outbound.write(ByteBuffer(bytes: try ControlText.line(request)))
        } catch is ChannelError { throw Self.lost }
        while let (next, bytes) = try await mailbox.next() {
            if let error = next.error { throw error }
            if next.isLast { return }
            try await answer(next, bytes)
        }
        throw Self.lost
    }

    private static var lost: NodeError {
        NodeError(
            .connectionLost, "the node went away meanwhile; start it again, or go on without it")
    }

    private func receive(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async throws {
        defer {
            let waiting = state.withLock { state in
                state.isClosed = true
                return Array(state.waiting.values)
            }
            for mailbox in waiting { mailbox.finish() }
        }
        var framer = ControlFramer(lineLimit: ControlAnswer.maximumByteCount)
        var head: ControlAnswer?
        for try await buffer in inbound {
            framer.append(buffer.readableBytesView)
            while let answer = try head
                ?? framer.nextLine().map({
                    try ControlText.value(ControlAnswer.self, from: $0)
                })
            {
                head = answer
                // The length comes from a process of the same user; blocks are limited all the
                // same, so that a broken node shows as an error.
                let byteCount = answer.block?.byteCount ?? 0
                guard byteCount >= 0, byteCount <= 64 << 20 else { throw Self.lost }
                guard let bytes = framer.nextBytes(byteCount) else { break }
                head = nil
                // Whoever asked may have gone.
                await state.withLock { $0.waiting[answer.id] }?.put((answer, bytes))
            }
        }
    }
}
