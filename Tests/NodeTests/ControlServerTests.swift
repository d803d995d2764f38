// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Node

/// The control socket, with a service that does as it is told.
struct ControlServerTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Runs `body` while a server answers.
    private func serving(
        _ service: EchoService = EchoService(), _ limits: ControlServer.Limits = .init(),
        _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let path = directory.url.path
        let server = try await ControlServer(
            repository: path, service: service, limits: limits, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            try await body(path)
            group.cancelAll()
        }
        #expect(!FileManager.default.fileExists(atPath: path + "/" + ControlSocket.name))
    }

    @Test func `many requests of many clients get their own answers`() async throws {
        try await serving { path in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<8 {
                    group.addTask {
                        try await ControlClient.connected(repository: path) { connection in
                            try await withThrowingTaskGroup(of: Void.self) { requests in
                                for number in 0..<40 {
                                    requests.addTask {
                                        var request = ControlRequest(.ping)
                                        request.count = client * 1000 + number
                                        let seen = Mutex<[Int]>([])
                                        try await connection.perform(request) { answer, bytes in
                                            seen.withLock { $0.append(answer.ping?.number ?? -1) }
                                            #expect(bytes.isEmpty)
                                        }
                                        #expect(
                                            seen.withLock { $0 }
                                                == [request.count ?? 0, (request.count ?? 0) + 1])
                                    }
                                }
                                try await requests.waitForAll()
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `blocks come with their bytes, and an abandoned request holds nobody up`()
        async throws
    {
        struct Enough: Error {}
        try await serving { path in
            try await ControlClient.connected(repository: path) { connection in
                var request = ControlRequest(.blocks)
                request.count = 200
                await #expect(throws: Enough.self) {
                    try await connection.perform(request) { _, _ in throw Enough() }
                }
                let total = Mutex(0)
                try await connection.perform(request) { answer, bytes in
                    #expect(bytes.count == answer.block?.byteCount)
                    #expect(bytes.allSatisfy { $0 == UInt8(ascii: "\n") })
                    total.withLock { $0 += bytes.count }
                }
                #expect(total.withLock { $0 } == 200 * 70_000)
            }
        }
    }

    @Test(arguments: [
        ("{", "badRequest", 0), ("[]", "badRequest", 0), ("{\"id\":7}", "unsupportedVersion", 7),
        ("{\"id\":7,\"version\":2,\"command\":\"ping\"}", "unsupportedVersion", 7),
        ("{\"id\":7,\"version\":1}", "badRequest", 7),
        ("{\"id\":7,\"version\":1,\"command\":\"ping\",\"count\":\"x\"}", "badRequest", 7),
        ("{\"id\":7,\"version\":1,\"command\":\"disconnect\"}", "notFound", 7),
    ])
    func `a bad line gets an answer, and the next one is served`(
        _ line: String, _ code: String, _ id: Int
    ) async throws {
        try await serving { path in
            let good = "{\"id\":9,\"version\":1,\"command\":\"ping\",\"count\":5}"
            let lines = try await rawExchange(path, [line, good], answers: 4)
            let objects = try lines.map {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
            let bad = try #require(objects.first { ($0?["id"] as? Int) == id && id != 9 } ?? nil)
            #expect((bad["error"] as? [String: Any])?["code"] as? String == code)
            #expect(objects.contains { $0?["id"] as? Int == 9 && $0?["done"] as? Bool == true })
        }
    }

    @Test func `a line without end closes the connection, and no other`() async throws {
        try await serving { path in
            let long = String(repeating: "x", count: ControlRequest.maximumByteCount + 10)
            let lines = try await rawExchange(path, [long], answers: 1)
            #expect(lines.isEmpty)
            let answered = try await ControlClient.connected(repository: path) { connection in
                try await connection.perform(ControlRequest(.ping)) { _, _ in }
                return true
            }
            #expect(answered == true)
        }
    }

    @Test func `a client that goes away cancels what runs for it`() async throws {
        let service = EchoService()
        try await serving(service) { path in
            try await ControlClient.connected(repository: path) { connection in
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await connection.perform(ControlRequest(.query)) { _, _ in }
                    }
                    await service.untilWaiting()
                    group.cancelAll()
                }
            }
            await service.untilCancelled()
        }
    }

    @Test func `nobody answers where no node runs`() async throws {
        let result = try await ControlClient.connected(repository: directory.url.path) { _ in 1 }
        #expect(result == nil)
    }
}
