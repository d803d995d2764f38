// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStore
import TestSupport
import Testing

@testable import S3

/// The store against real servers, and beside AWS's own client.
///
/// One server serves all checks of a test: starting one takes longer than most of them.
@Suite(
    .serialized,
    .enabled("no S3 server can be installed here (see Scripts/s3)") {
        try await S3Server.absence() == nil
    })
struct S3ServerTests {
    @Test func `SeaweedFS serves the store as AWS's client sees it`() async throws {
        let server = try await S3Server(.seaweedfs)
        try await S3ServerChecks(server).all()
        await server.stop()
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["CAIRN_FULL"] != nil))
    func `Ceph's gateway serves the store as AWS's client sees it`() async throws {
        let server = try await S3Server(.ceph)
        try await S3ServerChecks(server).all()
        await server.stop()
    }
}

/// What is checked on every real server.
struct S3ServerChecks {
    private let server: S3Server
    private let scratch: TemporaryDirectory

    init(_ server: S3Server) throws {
        self.server = server
        scratch = try TemporaryDirectory()
    }

    func all() async throws {
        try await contract()
        try await partsAreStoredAndRead()
        try await thousandsOfKeysAreListed()
        try await awsReadsWhatWasWritten()
        try await whatAWSWroteIsRead()
        try await uploadsAreAborted()
        try await alteredBodiesAreRefused()
        try await wrongKeysAndBucketsAreNamed()
    }

    private var small: S3Options.Transfer {
        var transfer = S3Options.Transfer()
        transfer.partByteCount = 5 << 20
        return transfer
    }

    private func contract() async throws {
        let store = try server.store("contract", transfer: small)
        try await server.run { try ObjectStoreContract(store, largeByteCount: 12 << 20).check() }
    }

    private func partsAreStoredAndRead() async throws {
        let store = try server.store("parts/of-objects", transfer: small)
        let bytes = testBytes(23 << 20 + 17)
        let key = try #require(ObjectKey("large.car.zst"))
        let (all, part, end) = try await server.run {
            try store.put(key.name, bytes)
            let reader = try store.open(key)
            #expect(reader.byteCount == Int64(bytes.count))
            return (
                try reader.read(bytes.count, at: 0), try reader.read(6 << 20, at: 4_000_001),
                try reader.read(17, at: 23 << 20)
            )
        }
        #expect(all == bytes)
        #expect(part == Array(bytes[4_000_001..<(4_000_001 + 6 << 20)]))
        #expect(end == Array(bytes[(23 << 20)...]))
    }

    private func thousandsOfKeysAreListed() async throws {
        let store = try server.store("many", transfer: small)
        let names = (0..<1205).map { "k\($0)" }
        let found = try await server.run {
            for name in names { try store.put(name, []) }
            return try store.list().map(\.name)
        }
        #expect(found.sorted() == names.sorted())
        // Those of other prefixes are not seen.
        let above = try server.store("")
        #expect(try await server.run { try above.list() }.isEmpty)
    }

    private func awsReadsWhatWasWritten() async throws {
        let store = try server.store("ours", transfer: small)
        let contents = ["whole": testBytes(100_001), "parts": testBytes(11 << 20 + 3), "empty": []]
        for (name, bytes) in contents {
            try await server.run { try store.put(name, bytes) }
            let file = scratch.path("aws-\(name)")
            _ = try await server.aws("s3", "cp", "s3://\(server.bucket)/ours/\(name)", file)
            #expect(try Array(Data(contentsOf: URL(filePath: file))) == bytes, "\(name)")
        }
        let listed = try await server.aws("s3", "ls", "s3://\(server.bucket)/ours/")
        #expect(listed.lines.count == 3, "\(listed.lines)")
        _ = try await server.aws("s3", "rm", "s3://\(server.bucket)/ours/whole")
        #expect(try await server.run { try store.list().count } == 2)
    }

    private func whatAWSWroteIsRead() async throws {
        let store = try server.store("theirs", transfer: small)
        for (name, count) in [("whole", 1000), ("parts", 20 << 20 + 5)] {
            let bytes = testBytes(count)
            let file = scratch.path(name)
            try Data(bytes).write(to: URL(filePath: file))
            _ = try await server.aws("s3", "cp", file, "s3://\(server.bucket)/theirs/\(name)")
            let found = try await server.run {
                let reader = try store.open(try #require(ObjectKey(name)))
                return try reader.read(Int(reader.byteCount), at: 0)
            }
            #expect(found == bytes, "\(name)")
        }
        #expect(try await server.run { Set(try store.list().map(\.name)) } == ["whole", "parts"])
    }

    private func uploadsAreAborted() async throws {
        let store = try server.store("aborted", transfer: small)
        let key = try #require(ObjectKey("object"))
        let other = try #require(ObjectKey("other"))
        try await server.run {
            let writer = try store.create(key)
            try writer.append(testBytes(11 << 20))
            #expect(try store.unfinished() == [key])
            // A second store does not take it over, nor remove it: it is young.
            let second = try server.store("aborted", transfer: small)
            #expect(try second.takeOver(key) == nil)
            let neighbour = try second.create(other)
            neighbour.abandon()
            #expect(try second.unfinished() == [key])
            writer.abandon()
            #expect(try store.unfinished().isEmpty)
            #expect(try store.list().isEmpty)
        }
    }

    /// Content-MD5 is what every server checks; the store sends it with each body.
    private func alteredBodiesAreRefused() async throws {
        let client = try S3Client(
            try server.store("altered").options, environment: [:])
        let key = try #require(ObjectKey("object"))
        try await server.run {
            for isPart in [false, true] {
                var request = S3Request(.put, key)
                if isPart {
                    request.query = [
                        ("partNumber", "1"), ("uploadId", try client.beginUpload(key)),
                    ]
                }
                let signed = Payload(ByteBuffer(bytes: [1]))
                request.payload = Payload(
                    buffer: ByteBuffer(bytes: [2]), sha256: signed.sha256, md5: signed.md5)
                let error = #expect(throws: ObjectStoreError.self) { try client.send(request) }
                let failure = error?.cause as? S3Failure
                #expect(failure?.status == 400, "\(error?.message ?? "")")
            }
            #expect(try client.list().isEmpty)
            for upload in try client.unfinishedUploads() {
                try client.abortUpload(upload.id, of: upload.key)
            }
        }
    }

    private func wrongKeysAndBucketsAreNamed() async throws {
        let id = server.credentials.accessKeyID
        let wrong = [
            S3Credentials(accessKeyID: id, secretAccessKey: "wrong"),
            S3Credentials(accessKeyID: "NOBODY", secretAccessKey: "wrong"),
        ]
        for credentials in wrong {
            let store = try server.store("wrong", credentials: credentials)
            let error = await #expect(throws: ObjectStoreError.self) {
                try await server.run { try store.list() }
            }
            #expect(error?.code == .denied, "\(error?.message ?? "")")
            #expect(error?.message.contains("check") == true, "\(error?.message ?? "")")
        }
        let absent = try server.store("wrong", bucket: "absent-bucket")
        let key = try #require(ObjectKey("object"))
        for call in [{ _ = try absent.list() }, { _ = try absent.open(key) }]
            as [@Sendable () throws -> Void]
        {
            let error = await #expect(throws: ObjectStoreError.self) { try await server.run(call) }
            #expect(error?.message.contains("make the bucket") == true, "\(error?.message ?? "")")
        }
    }
}
