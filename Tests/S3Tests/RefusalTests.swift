// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import TestSupport
import Testing

@testable import S3

/// Answers that are wrong for good: each gives the right error, nothing hangs, nothing is accepted.
@Suite(.serialized) struct RefusalTests {
    private static let small = testBytes(100_000)

    /// Answers to a ranged GET that are not what was asked for, however often it is asked.
    enum WrongBytes: String, CaseIterable, Sendable {
        case tooShort, tooLong, otherRange, otherTotal, noRange, wholeObject, endless, cutShort,
            empty

        func reply(_ content: [UInt8]) -> ServerReply {
            let range = [("Content-Range", "bytes 10-19/\(content.count)")]
            return switch self {
            case .tooShort: .answer(206, range, Array(content[10..<19]))
            case .tooLong: .answer(206, range, Array(content[10..<21]))
            case .otherRange:
                .answer(206, [("Content-Range", "bytes 0-9/100000")], Array(content[0..<10]))
            case .otherTotal:
                .answer(206, [("Content-Range", "bytes 10-19/99999")], Array(content[10..<20]))
            case .noRange: .answer(206, [], Array(content[10..<20]))
            case .wholeObject: .answer(200, [], content)
            case .endless: .endless(206, range, [1, 2, 3])
            case .cutShort: .cutBody(206, range, Array(content[10..<15]), stated: 10)
            case .empty: .answer(204)
            }
        }
    }

    @Test(arguments: WrongBytes.allCases)
    func `bytes that were not asked for are never handed out`(_ wrong: WrongBytes) async throws {
        let bench = try FaultBench()
        try await bench.put("small", Self.small)
        bench.bucket.plan(100) { $0.method == "GET" ? wrong.reply(Self.small) : nil }
        let error = await bench.error { store in
            _ = try store.open(try #require(ObjectKey("small"))).read(10, at: 10)
        }
        #expect(
            error?.code == (wrong == .cutShort ? .unavailable : .unverified),
            "\(error?.message ?? "")")
        // A connection that the server is about to close may take one of the tries with it.
        #expect((2...4).contains(bench.bucket.faultCount), "tried again, but not for ever")
    }

    @Test func `an object that was replaced while it was open is not read as the old one`()
        async throws
    {
        let bench = try FaultBench()
        try await bench.put("small", Self.small)
        let reader = try await bench.run { try $0.open(try #require(ObjectKey("small"))) }
        bench.bucket.replace("cairn/small", with: Self.small.reversed())
        let error = await bench.error { _ in _ = try reader.read(10, at: 0) }
        #expect(error?.code == .unverified)
        #expect(error?.message.contains("412") == true)
    }

    @Test(arguments: [true, false])
    func `bytes that the server stored otherwise are not taken for stored`(
        _ isInParts: Bool
    ) async throws {
        let bench = try FaultBench()
        bench.bucket.plan(100) { request in
            request.method == "PUT"
                ? .answer(200, [("ETag", "\"d41d8cd98f00b204e9800998ecf8427e\"")]) : nil
        }
        let bytes = isInParts ? testBytes(6 << 20) : Self.small
        let error = await bench.error { try $0.put("object", bytes) }
        #expect(error?.code == .unverified)
        #expect(bench.bucket.faultCount >= 4)
        #expect(bench.bucket.uploadCount == 0)
        #expect(try await bench.run { try $0.list() }.isEmpty)
    }

    @Test func `a checksum that the server echoes must be ours`() async throws {
        let bench = try FaultBench()
        bench.bucket.plan(100) { request in
            request.method == "PUT" ? .answer(200, [("x-amz-checksum-sha256", "AAAA")]) : nil
        }
        let error = await bench.error { try $0.put("object", [1, 2, 3]) }
        #expect(error?.code == .unverified)
    }

    @Test func `an object that is shorter afterwards is not sealed`() async throws {
        let bench = try FaultBench()
        bench.bucket.plan { request in
            guard request.method == "PUT" else { return nil }
            bench.bucket.replace("cairn/object", with: [1], later: true)
            return .answer(200)
        }
        let error = await bench.error { try $0.put("object", [1, 2, 3]) }
        #expect(error?.code == .unverified)
    }

    @Test(arguments: [
        ("<ListBucketResult></ListBucketResult>", "does not say if it ends"),
        ("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "how it goes on"),
        ("<Other/>", "Other where a ListBucketResult"), ("", "no ListBucketResult"),
        ("<ListBucketResult><IsTruncated>false</IsTruncated>", "no ListBucketResult"),
        (
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>other/a</Key>"
                + "</Contents></ListBucketResult>", "other keys"
        ),
        (
            "<!DOCTYPE a [<!ENTITY b 'bbbb'>]><ListBucketResult><IsTruncated>false</IsTruncated>"
                + "</ListBucketResult>", "document type"
        ),
    ])
    func `a list that is none is an error`(_ body: String, _ expected: String) async throws {
        let bench = try FaultBench()
        bench.bucket.plan(100) { _ in .answer(200, [], Array(body.utf8)) }
        let error = await bench.error { _ = try $0.list() }
        #expect(error?.code == .unverified)
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }

    @Test func `XML that does not end is cut off at its limit`() async throws {
        let bench = try FaultBench()
        let flood = Array(String(repeating: "<Contents>", count: 10_000).utf8)
        bench.bucket.plan(100) { _ in .endless(200, [], flood) }
        let error = await bench.error { _ = try $0.list() }
        #expect(error?.code == .unverified)
        #expect(error?.message.contains("longer than") == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["same token", "same keys", "new keys", "empty pages"])
    func `a list that does not end is an error`(_ kind: String) async throws {
        let bench = try FaultBench(transfer: { $0.listLimit = 50 })
        bench.bucket.plan(100_000) { request in
            let last = request.query["continuation-token"].flatMap { Int($0) } ?? 0
            let next = kind == "same token" ? 1 : last + 1
            let name = kind == "same keys" ? 0 : next
            let entry =
                kind == "empty pages" ? "" : "<Contents><Key>cairn/k\(name)</Key></Contents>"
            return MemoryBucket.xml(
                "ListBucketResult",
                entry + "<IsTruncated>true</IsTruncated>"
                    + "<NextContinuationToken>\(next)</NextContinuationToken>")
        }
        let error = await bench.error { _ = try $0.list() }
        #expect(error?.code == .unverified)
        #expect(error?.message.contains("repeats itself") == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        (404, "NoSuchBucket", "", ObjectStoreError.Code.other, "make the bucket"),
        (403, "AccessDenied", "", .denied, "s3:ListBucket"),
        (403, "SignatureDoesNotMatch", "", .denied, "secret"),
        (403, "InvalidAccessKeyId", "", .denied, "access key"),
        (403, "ExpiredToken", "", .denied, "session token"),
        (301, "PermanentRedirect", "<Region>eu-west-1</Region>", .other, "region eu-west-1"),
        (
            400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>", .other,
            "region eu-west-1"
        ),
        (307, "TemporaryRedirect", "", .other, "region, endpoint"),
        (400, "InvalidStorageClass", "", .other, "storage class"),
        (403, "QuotaExceeded", "", .noSpace, "quota"),
        (507, "InsufficientStorage", "", .noSpace, "free space"),
        (501, "NotImplemented", "", .other, "NotImplemented"),
    ])
    func `errors that stay are not tried again, and name a way out`(
        _ status: Int, _ code: String, _ extra: String, _ expected: ObjectStoreError.Code,
        _ remedy: String
    ) async throws {
        let bench = try FaultBench()
        bench.bucket.plan(10) { request in
            request.method == "PUT" ? MemoryBucket.error(status, code, extra) : nil
        }
        let error = await bench.error { try $0.put("object", [1]) }
        #expect(error?.code == expected)
        #expect(error?.message.contains(remedy) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("secret") != true || code == "SignatureDoesNotMatch")
        #expect(bench.bucket.faultCount == 1)
    }

    @Test func `a bucket that is missing is told from an object that is`() async throws {
        let bench = try FaultBench()
        let missing = await bench.error { _ = try $0.open(try #require(ObjectKey("absent"))) }
        #expect(missing?.code == .notFound)
        bench.bucket.plan(2) { _ in MemoryBucket.error(404, "NoSuchBucket") }
        let bucket = await bench.error { _ = try $0.open(try #require(ObjectKey("absent"))) }
        #expect(bucket?.code == .other)
        #expect(bucket?.message.contains("make the bucket") == true, "\(bucket?.message ?? "")")
    }

    @Test func `a writer that failed stays failed, and leaves no upload`() async throws {
        let bench = try FaultBench()
        bench.bucket.plan {
            $0.query["partNumber"] == "2" ? MemoryBucket.error(403, "AccessDenied") : nil
        }
        let key = try #require(ObjectKey("object"))
        let writer = try await bench.run { try $0.create(key) }
        let first = await bench.error { _ in
            for _ in 0..<6 { try writer.append(testBytes(4 << 20)) }
            try writer.seal()
        }
        #expect(first?.code == .denied)
        let steps: [@Sendable () throws -> Void] = [
            { try writer.append([1]) }, { try writer.flush() }, { try writer.seal() },
        ]
        for step in steps {
            let error = await bench.error { _ in try step() }
            #expect(error?.message == first?.message)
        }
        #expect(bench.bucket.uploadCount == 1)
        await #expect(throws: Never.self) { try await bench.run { _ in writer.abandon() } }
        #expect(bench.bucket.uploadCount == 0)
        #expect(bench.bucket.object("cairn/object") == nil)
    }
}
