// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import ObjectStore
import TestSupport
import Testing

@testable import S3

struct S3ObjectStoreTests {
    @Test func `a bucket keeps the contract of object stores`() async throws {
        let bench = try FaultBench()
        try await bench.run { try ObjectStoreContract($0, largeByteCount: 12 << 20).check() }
    }

    @Test func `small objects are put whole, larger ones in parts`() async throws {
        let bench = try FaultBench()
        try await bench.put("whole", testBytes(5 << 20))
        #expect(!bench.server.requests.contains { $0.method == "POST" })
        try await bench.put("parts", testBytes(5 << 20 + 1))
        let parts = bench.server.requests.filter { $0.query["partNumber"] != nil }
        #expect(parts.map(\.body.count).sorted() == [1, 5 << 20])
    }

    @Test func `every put carries its MD5 and its signed SHA-256`() async throws {
        let bench = try FaultBench()
        try await bench.put("whole", [1, 2, 3])
        try await bench.put("parts", testBytes(6 << 20))
        let puts = bench.server.requests.filter { !$0.body.isEmpty }
        #expect(puts.count == 4)
        for request in puts {
            let payload = Payload(ByteBuffer(bytes: request.body))
            #expect(request.header("content-md5") == Base64.encode(payload.md5))
            #expect(
                request.header("x-amz-content-sha256")
                    == Hexadecimal.encode(payload.sha256))
            let signed = request.header("authorization") ?? ""
            for header in ["content-md5", "host", "x-amz-content-sha256", "x-amz-date"] {
                #expect(signed.contains(header), "\(signed)")
            }
        }
        let checked = puts.filter { $0.method == "PUT" }
        #expect(checked.allSatisfy { $0.header("x-amz-checksum-sha256") != nil })
    }

    @Test func `memory holds no more than the parts on their way`() async throws {
        let bench = try FaultBench(transfer: { $0.concurrentPartCount = 2 })
        let key = try #require(ObjectKey("object"))
        // A third part is not sent before one of two unanswered ones is answered.
        bench.bucket.plan(2) { $0.query["partNumber"] == nil ? nil : .silence }
        let writer = try await bench.run { try $0.create(key) }
        try await bench.run { _ in
            // Two parts are sent, the third is in the buffer.
            for _ in 0..<3 { try writer.append(testBytes(5 << 20)) }
        }
        await bench.until { $0.filter { $0.query["partNumber"] != nil }.count == 2 }
        try await bench.run { _ in writer.abandon() }
        #expect(bench.server.requests.filter { $0.query["partNumber"] != nil }.count == 2)
        #expect(bench.bucket.uploadCount == 0)
    }

    @Test func `a writer that went away gives no other writer's key free`() async throws {
        let bench = try FaultBench()
        let key = try #require(ObjectKey("object"))
        let error = await bench.error { store in
            var first: (any ObjectWriter)? = try store.create(key)
            try first?.seal()
            try store.delete(key)
            let second = try store.create(key)
            first = nil
            defer { second.abandon() }
            _ = try store.create(key)
        }
        #expect(error?.code == .exists)
    }

    @Test func `a list has more pages than one`() async throws {
        let bench = try FaultBench()
        for number in 0..<2500 { bench.bucket.replace("cairn/k\(number)", with: [1]) }
        bench.bucket.replace("cairn/other/k", with: [1])
        bench.bucket.replace("cairn/no key", with: [1])
        bench.bucket.replace("elsewhere", with: [1])
        let keys = try await bench.run { try $0.list() }
        #expect(Set(keys.map(\.name)) == Set((0..<2500).map { "k\($0)" }))
        #expect(bench.server.requests.count == 3)
    }

    @Test func `unfinished uploads are told, and removed when they are old`() async throws {
        let bench = try FaultBench()
        let key = try #require(ObjectKey("object"))
        func writeAndDie() async throws {
            let writer = try await bench.run { try $0.create(key) }
            try await bench.run { _ in try writer.append(testBytes(6 << 20)) }
        }
        try await writeAndDie()
        #expect(try await bench.run { try $0.unfinished() } == [key])
        #expect(try await bench.run { try $0.takeOver(key) } == nil)
        // Uploads of this bucket began in 2013.
        #expect(try await bench.run { try $0.abortStaleUploads() } == 1)
        #expect(bench.bucket.uploadCount == 0)
        try await writeAndDie()
        let next = try S3ObjectStore(bench.store.options, environment: [:])
        let writer = try await bench.run { _ in try next.create(try #require(ObjectKey("next"))) }
        #expect(bench.bucket.uploadCount == 0)
        try await bench.run { _ in writer.abandon() }
    }

    @Test func `a clock that is wrong is corrected by the server's`() async throws {
        let bench = try FaultBench()
        bench.bucket.plan { _ in MemoryBucket.error(403, "RequestTimeTooSkewed") }
        #expect(try await bench.run { try $0.list() }.isEmpty)
        let dates = bench.server.requests.map { $0.header("x-amz-date") ?? "" }
        #expect(dates.count == 2)
        #expect(dates.last?.hasPrefix("20130524T0000") == true, "\(dates)")
    }

    @Test func `credentials that expired are read anew`() async throws {
        let home = try TemporaryDirectory()
        let path = home.path("keys")
        func write(_ id: String) throws {
            let text = "[default]\naws_access_key_id = \(id)\naws_secret_access_key = x\n"
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        try write("OLD")
        let bench = try FaultBench(credentials: .file(path, profile: nil))
        #expect(try await bench.run { try $0.list() }.isEmpty)
        try write("NEW")
        bench.bucket.plan(2) { request in
            request.header("authorization")?.contains("OLD") == true
                ? MemoryBucket.error(400, "ExpiredToken") : nil
        }
        #expect(try await bench.run { try $0.list() }.isEmpty)
        #expect(bench.bucket.faultCount == 1)
        #expect(
            bench.server.requests.last?.header("authorization")?.contains("NEW")
                == true)
    }

    @Test func `paths and virtual hosts name the same object`() throws {
        for (addressing, url) in [
            (S3Options.Addressing.path, "https://s3.example.org:9000/packs/a/b/key?list-type=2"),
            (.virtualHost, "https://packs.s3.example.org:9000/a/b/key?list-type=2"),
        ] {
            let options = try S3Options(
                bucket: "packs", prefix: "a/b", endpoint: "https://s3.example.org:9000",
                addressing: addressing)
            var request = S3Request(.get, ObjectKey("key"))
            request.query = [("list-type", "2")]
            let signer = RequestSigner(credentials: .test, region: "us-east-1")
            let signed = try request.signed(for: options, by: signer, at: UTCTime(seconds: 0))
            #expect(signed.url.absoluteString == url)
            let bucket = try S3Request(.get).signed(
                for: options, by: signer, at: UTCTime(seconds: 0))
            #expect(
                bucket.url.absoluteString
                    == (addressing == .path
                        ? "https://s3.example.org:9000/packs"
                        : "https://packs.s3.example.org:9000/"))
        }
    }

    @Test func `the storage class goes with new objects`() async throws {
        let bench = try FaultBench()
        let options = try S3Options(
            bucket: "packs", endpoint: "http://127.0.0.1:\(bench.server.port)",
            storageClass: "STANDARD_IA", credentials: .values(.test),
            transfer: bench.store.options.transfer)
        let store = try S3ObjectStore(options, environment: [:])
        try await bench.run { _ in
            try store.put("whole", [1])
            try store.put("parts", testBytes(6 << 20))
        }
        let classes = bench.server.requests.filter {
            $0.header("x-amz-storage-class") == "STANDARD_IA"
        }
        #expect(classes.map(\.method) == ["PUT", "POST"])
    }
}
