// SPDX-License-Identifier: Apache-2.0

import FileIO
import ObjectStore
import Testing

@testable import S3

/// A bucket in memory, the server before it, and a store that is impatient.
struct FaultBench {
    let bucket = MemoryBucket()
    let server: FaultServer
    let store: S3ObjectStore

    init(
        retry: (inout S3Options.Retry) -> Void = { _ in },
        transfer: (inout S3Options.Transfer) -> Void = { _ in },
        timeouts: (inout S3Options.Timeouts) -> Void = { _ in },
        credentials: S3CredentialSource = .values(.test)
    ) throws {
        server = try FaultServer { [bucket] in bucket.respond($0) }
        var retries = S3Options.Retry()
        retries.attemptCount = 4
        retries.firstDelay = .milliseconds(1)
        retries.longestDelay = .milliseconds(4)
        retry(&retries)
        var transfers = S3Options.Transfer()
        transfers.partByteCount = 5 << 20
        transfer(&transfers)
        var limits = S3Options.Timeouts()
        limits.connect = .seconds(30)
        limits.idle = .seconds(30)
        limits.attempt = .seconds(60)
        timeouts(&limits)
        store = try S3ObjectStore(
            S3Options(
                bucket: "packs", prefix: "cairn", endpoint: "http://127.0.0.1:\(server.port)",
                credentials: credentials, transfer: transfers, retry: retries, timeouts: limits),
            environment: [:])
    }

    /// Runs blocking calls where they belong.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable (S3ObjectStore) throws -> Result
    ) async throws -> Result {
        try await BlockingPool.shared.run { [store] in try body(store) }
    }

    /// The error that blocking calls end with.
    func error(
        at location: SourceLocation = #_sourceLocation,
        _ body: @escaping @Sendable (S3ObjectStore) throws -> Void
    ) async -> ObjectStoreError? {
        await #expect(throws: ObjectStoreError.self, sourceLocation: location) {
            try await run(body)
        }
    }

    /// Waits until the requests so far are as they should be; at most a minute.
    func until(_ isReached: ([ReceivedRequest]) -> Bool) async {
        let end = ContinuousClock.now + .seconds(60)
        while !isReached(server.requests) {
            guard ContinuousClock.now < end else {
                Issue.record("waited a minute")
                return
            }
            await Task.yield()
        }
    }

    /// Puts an object whole or in parts, as its size asks for.
    func put(_ name: String, _ bytes: [UInt8]) async throws {
        try await run { try $0.put(name, bytes) }
    }

    func get(_ name: String, _ count: Int, at offset: Int64 = 0) async throws -> [UInt8] {
        try await run { store in
            try store.open(try #require(ObjectKey(name))).read(count, at: offset)
        }
    }
}

extension S3ObjectStore {
    func put(_ name: String, _ bytes: [UInt8]) throws {
        let writer = try create(try #require(ObjectKey(name)))
        do {
            try writer.append(bytes)
            try writer.seal()
        } catch {
            writer.abandon()
            throw error
        }
    }
}

extension S3Credentials {
    static let test = S3Credentials(accessKeyID: "TEST", secretAccessKey: "secret")
}

/// Bytes of which no two megabytes are equal.
func testBytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16 &* 31) }
}
