// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import TestSupport
import Testing

@testable import S3

/// A server that fails now and then: the store tries again, and what it stores and reads is right.
@Suite(.serialized) struct RetryTests {
    /// Failures after which the same request may do, as `fault` of any request.
    enum Passing: String, CaseIterable, Sendable {
        case internalError, slowDown, tooManyRequests, badGateway, cut, cutBody, silence, trickle
        case emptyError, longError, wrongChecksum

        /// Whether it is noticed by its time alone.
        var isSlow: Bool { self == .silence || self == .trickle }
        /// How often it comes in a row.
        var count: Int { isSlow ? 1 : 2 }

        func reply(_ request: ReceivedRequest) -> ServerReply {
            switch self {
            // An answer to HEAD has no body to be cut, nor a request without a body a checksum.
            case .cutBody where request.method == "HEAD": .cut
            case .wrongChecksum where request.body.isEmpty: .cut
            case .internalError: MemoryBucket.error(500, "InternalError")
            case .slowDown: MemoryBucket.error(503, "SlowDown")
            case .tooManyRequests: .answer(429, [("Retry-After", "0")])
            case .badGateway: .answer(502, [], Array("<html><body>bad".utf8))
            case .cut: .cut
            case .cutBody: .cutBody(200, [("ETag", "\"x\"")], [1, 2, 3], stated: 1000)
            case .silence: .silence
            case .trickle: .trickle(500)
            case .emptyError: .answer(500)
            case .longError: .endless(500, [], Array(repeating: 65, count: 10_000))
            case .wrongChecksum: MemoryBucket.error(400, "BadDigest")
            }
        }
    }

    private static let small = testBytes(100_000)
    private static let large = testBytes(11 << 20)

    private func bench(for fault: Passing = .cut) throws -> FaultBench {
        try FaultBench(timeouts: { limits in
            if fault.isSlow { limits.idle = .seconds(3) }
            if fault == .trickle { limits.attempt = .seconds(5) }
        })
    }

    @Test(arguments: Passing.allCases)
    func `an object is stored and read although each step fails`(
        _ fault: Passing
    ) async throws {
        let bench = try bench(for: fault)
        for method in ["PUT", "HEAD", "GET", "DELETE"] {
            bench.bucket.plan(fault.count) { request in
                // The search for old uploads is not one of the steps.
                request.method == method && request.query["uploads"] == nil
                    ? fault.reply(request) : nil
            }
        }
        try await bench.put("small", Self.small)
        #expect(try await bench.get("small", Self.small.count) == Self.small)
        try await bench.run { store in try store.delete(try #require(ObjectKey("small"))) }
        #expect(bench.bucket.object("cairn/small") == nil)
        #expect(bench.bucket.faultCount == 4 * fault.count)
    }

    @Test(arguments: Passing.allCases)
    func `an object is stored in parts although each step fails`(_ fault: Passing) async throws {
        let bench = try bench(for: fault)
        for part in ["1", "2", "3"] {
            bench.bucket.plan { $0.query["partNumber"] == part ? fault.reply($0) : nil }
        }
        bench.bucket.plan(2) { $0.method == "POST" ? fault.reply($0) : nil }
        bench.bucket.plan { $0.method == "HEAD" ? fault.reply($0) : nil }
        try await bench.put("large", Self.large)
        #expect(bench.bucket.object("cairn/large") == Self.large)
        #expect(bench.bucket.faultCount == 6)
        #expect(try await bench.get("large", Self.large.count) == Self.large)
    }

    @Test func `an upload whose completion was lost is found complete`() async throws {
        let bench = try bench()
        bench.bucket.plan { request in
            guard request.method == "POST", request.query["uploadId"] != nil else { return nil }
            bench.bucket.serveLater(request)
            return .cut
        }
        try await bench.put("large", Self.large)
        #expect(bench.bucket.object("cairn/large") == Self.large)
        #expect(bench.bucket.faultCount == 1)
        let completions = bench.server.requests.filter {
            $0.method == "POST" && $0.query["uploadId"] != nil
        }
        #expect(completions.count == 2)
    }

    @Test func `an error in an answer of success is an error`() async throws {
        let bench = try bench()
        bench.bucket.plan { request in
            request.method == "POST" && request.query["uploadId"] != nil
                ? .answer(200, [], Array("\n\n<Error><Code>InternalError</Code></Error>".utf8))
                : nil
        }
        try await bench.put("large", Self.large)
        #expect(bench.bucket.object("cairn/large") == Self.large)
        #expect(bench.bucket.faultCount == 1)
    }

    @Test func `a list goes on although pages fail`() async throws {
        let bench = try bench()
        for number in 0..<5 { try await bench.put("object-\(number)", [1]) }
        bench.bucket.plan(3) { $0.query["list-type"] == nil ? nil : .cut }
        #expect(try await bench.run { try $0.list().count } == 5)
        #expect(bench.bucket.faultCount == 3)
    }

    @Test func `tries end, and the error tells how many there were`() async throws {
        let bench = try bench()
        bench.bucket.plan(100) { $0.method == "PUT" ? MemoryBucket.error(503, "SlowDown") : nil }
        let error = await bench.error { try $0.put("small", [1]) }
        #expect(error?.code == .unavailable)
        #expect(error?.key?.name == "small")
        let message = error?.message ?? ""
        for part in ["PUT s3://packs/cairn/small", "503 SlowDown", "tried 4 times", "REQ-1"] {
            #expect(message.contains(part), "\(message)")
        }
        #expect(bench.bucket.faultCount == 4)
        #expect(bench.server.requests.filter { $0.method == "PUT" }.count == 4)
    }

    @Test func `a pause that is too long is not waited for`() async throws {
        let bench = try bench()
        bench.bucket.plan(2) {
            $0.method == "PUT" ? .answer(503, [("Retry-After", "3600")]) : nil
        }
        let error = await bench.error { try $0.put("small", [1]) }
        #expect(error?.code == .unavailable)
        #expect(bench.bucket.faultCount == 1)
    }

    @Test func `nobody listens: the error says so`() async throws {
        let bench = try bench()
        let port = bench.server.port
        let options = try S3Options(
            bucket: "packs", endpoint: "http://127.0.0.1:1", credentials: .values(.test),
            retry: bench.store.options.retry)
        let store = try S3ObjectStore(options, environment: [:])
        let error = await #expect(throws: ObjectStoreError.self) {
            try await bench.run { _ in try store.list() }
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("http://127.0.0.1:1") == true, "\(error?.message ?? "")")
        #expect(port > 0)
    }
}
