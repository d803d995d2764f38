// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Gathers an answer in memory, up to a limit.
final class ResponseCollector: HTTPClientResponseDelegate {
    typealias Response = S3Response

    /// The body of an answer is longer than it may be.
    struct BodyTooLong: Error {
        let limit: Int
        let status: Int
    }

    /// How much of an error's body is kept; errors of S3 have less than 2 KiB.
    static let errorByteLimit = 64 << 10

    private struct State {
        var head: HTTPResponseHead?
        var body: [UInt8] = []
    }

    private let hasBody: Bool
    private let bodyLimit: Int
    private let state = Mutex(State())

    /// For an answer of success with at most `bodyLimit` bytes; without a body if `hasBody` is not.
    init(hasBody: Bool, bodyLimit: Int) {
        self.hasBody = hasBody
        self.bodyLimit = bodyLimit
    }

    func didReceiveHead(
        task: HTTPClient.Task<S3Response>, _ head: HTTPResponseHead
    ) -> EventLoopFuture<Void> {
        let announced = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
        let limit = limit(head)
        if hasBody, announced > limit {
            return task.eventLoop.makeFailedFuture(
                BodyTooLong(limit: limit, status: Int(head.status.code)))
        }
        state.withLock { state in
            state.head = head
            if hasBody { state.body.reserveCapacity(max(0, announced)) }
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(
        task: HTTPClient.Task<S3Response>, _ buffer: ByteBuffer
    ) -> EventLoopFuture<Void> {
        let failure: BodyTooLong? = state.withLock { state in
            guard let head = state.head else { return nil }
            let limit = limit(head)
            guard buffer.readableBytes <= limit - state.body.count else {
                return BodyTooLong(limit: limit, status: Int(head.status.code))
            }
            state.body.append(contentsOf: buffer.readableBytesView)
            return nil
        }
        if let failure { return task.eventLoop.makeFailedFuture(failure) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<S3Response>) throws -> S3Response {
        try state.withLock { state in
            guard let head = state.head else { throw HTTPClientError.remoteConnectionClosed }
            return S3Response(
                status: Int(head.status.code), headers: head.headers, body: state.body)
        }
    }

    private func limit(_ head: HTTPResponseHead) -> Int {
        (200..<300).contains(head.status.code) ? bodyLimit : Self.errorByteLimit
    }
}
