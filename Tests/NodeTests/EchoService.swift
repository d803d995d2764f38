// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

@testable import Node

/// Answers `ping` with `count` and `count + 1`, `blocks` with that many blocks of 70,000 line
/// ends, lets `query` wait until it is cancelled, and fails all else.
final class EchoService: ControlService, ControlSession {
    private let waiting = Mutex(false)
    private let cancelled = Mutex(false)

    func withSession<Result>(
        _ body: (any ControlSession) async throws -> Result
    ) async throws -> Result {
        try await body(self)
    }

    func perform(
        _ request: ControlRequest,
        _ answer: @escaping @Sendable (ControlAnswer, [UInt8]) async throws -> Void
    ) async throws {
        switch request.command {
        case "ping":
            for number in 0...1 {
                var result = ControlAnswer()
                result.ping = PingReport(number: (request.count ?? 0) + number, seconds: 0)
                try await answer(result, [])
            }
        case "blocks":
            let bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: 70_000)
            for index in 0..<(request.count ?? 0) {
                var result = ControlAnswer()
                result.block = BlockReport(index: index, byteCount: bytes.count)
                try await answer(result, bytes)
            }
        case "query":
            waiting.withLock { $0 = true }
            do { try await Task.sleep(for: .seconds(3600)) } catch {  // ends by cancellation
                cancelled.withLock { $0 = true }
                throw error
            }
        default: throw ControlError(.notFound, "nothing of the kind")
        }
    }

    /// Returns once a `query` waits.
    func untilWaiting() async {
        while !waiting.withLock({ $0 }) { await Task.yield() }
    }

    /// Returns once a waiting `query` was cancelled.
    func untilCancelled() async {
        while !cancelled.withLock({ $0 }) { await Task.yield() }
    }
}

/// Sends lines as they are over a connection of its own, and reads until there are so many
/// answers or the connection ends.
func rawExchange(_ path: String, _ lines: [String], answers: Int) async throws -> [String] {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(
                with: Result {
                    guard let descriptor = try ControlSocket.connect(in: path) else { return [] }
                    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
                    try handle.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
                    var received = Data()
                    while received.filter({ $0 == 0x0a }).count < answers {
                        let more = handle.availableData
                        guard !more.isEmpty else { break }
                        received += more
                    }
                    return String(decoding: received, as: UTF8.self)
                        .split(separator: "\n").map(String.init)
                })
        }
    }
}
