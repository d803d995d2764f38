// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import S3

struct OptionsTests {
    private func option(_ make: () throws -> S3Options) -> String? {
        let error = #expect(throws: S3OptionsError.self) { try make() }
        return error?.option
    }

    @Test func `AWS is addressed by virtual hosts, servers of one's own by paths`() throws {
        let aws = try S3Options(bucket: "packs", region: "eu-west-1")
        #expect(aws.endpoint.description == "https://s3.eu-west-1.amazonaws.com")
        #expect(aws.addressing == .virtualHost)
        #expect(try S3Options(bucket: "my.packs").addressing == .path)
        #expect(
            try S3Options(bucket: "packs", endpoint: "https://s3.example.org").addressing == .path)
        #expect(
            try S3Options(bucket: "packs", endpoint: "https://a.b", addressing: .virtualHost)
                .addressing == .virtualHost)
        #expect(
            option { try S3Options(bucket: "my.packs", addressing: .virtualHost) } == "addressing")
    }

    @Test(arguments: [
        "", "ab", "Packs", "a_b", "-packs", "packs.", "a..b", "p/q",
        String(repeating: "a", count: 64),
    ])
    func `what is no bucket is refused`(_ bucket: String) {
        #expect(option { try S3Options(bucket: bucket) } == "bucket")
    }

    @Test func `a prefix ends in a slash`() throws {
        #expect(try S3Options(bucket: "packs").prefix == "")
        #expect(try S3Options(bucket: "packs", prefix: "a/B_c.d").prefix == "a/B_c.d/")
        #expect(try S3Options(bucket: "packs", prefix: "a/b/").prefix == "a/b/")
        for prefix in ["/", "/a", "a//b", "a//", ".", "a/../b", "a b", "ä"] {
            #expect(option { try S3Options(bucket: "packs", prefix: prefix) } == "prefix")
        }
    }

    @Test func `plain HTTP is for loopback, or for those who say so`() throws {
        for loopback in ["http://127.0.0.1:8333", "http://localhost", "http://[::1]:80/"] {
            _ = try S3Options(bucket: "packs", endpoint: loopback)
        }
        for other in ["http://192.168.0.1", "http://127.0.0.1.example.org", "http://10.0.0.1:80"] {
            #expect(option { try S3Options(bucket: "packs", endpoint: other) } == "endpoint")
            _ = try S3Options(bucket: "packs", endpoint: other, allowsPlainHTTP: true)
        }
    }

    @Test(arguments: [
        "", "s3.example.org", "ftp://a", "https://", "https://a:b", "https://a:0",
        "https://a:70000",
        "https://a/bucket", "https://user@a", "https://a?b", "https://[::1", "https://[abc]",
        "https://a:1:2", "https://ä", "https://[::1]x",
    ])
    func `what is no endpoint is refused`(_ text: String) {
        #expect(option { try S3Options(bucket: "packs", endpoint: text) } == "endpoint")
    }

    @Test func `an endpoint is host and port`() throws {
        let endpoint = try S3Endpoint("HTTPS://S3.Example.org:9000/")
        #expect(endpoint.host == "s3.example.org")
        #expect(endpoint.port == 9000)
        #expect(endpoint.usesTLS)
        #expect(endpoint.authority("packs.s3.example.org") == "packs.s3.example.org:9000")
        #expect(try S3Endpoint("https://a:443").description == "https://a")
        #expect(try S3Endpoint("http://[::1]:8333").description == "http://[::1]:8333")
    }

    @Test func `sizes, times and names have limits`() throws {
        func transfer(_ change: (inout S3Options.Transfer) -> Void) -> String? {
            option {
                var transfer = S3Options.Transfer()
                change(&transfer)
                return try S3Options(bucket: "packs", transfer: transfer)
            }
        }
        #expect(transfer { $0.partByteCount = 5 << 20 - 1 } == "transfer.partByteCount")
        #expect(transfer { $0.partByteCount = 1 << 30 } == "transfer.partByteCount")
        #expect(transfer { $0.concurrentPartCount = 0 } == "transfer.concurrentPartCount")
        #expect(transfer { $0.connectionCount = 0 } == "transfer.connectionCount")
        #expect(transfer { $0.staleUploadAge = .seconds(1) } == "transfer.staleUploadAge")
        #expect(transfer { $0.listLimit = 0 } == "transfer.listLimit")
        #expect(option { try S3Options(bucket: "packs", region: "EU") } == "region")
        #expect(option { try S3Options(bucket: "packs", storageClass: "cold") } == "storageClass")
        #expect(
            option {
                var retry = S3Options.Retry()
                retry.attemptCount = 0
                return try S3Options(bucket: "packs", retry: retry)
            } == "retry.attemptCount")
        #expect(
            option {
                var timeouts = S3Options.Timeouts()
                timeouts.idle = .zero
                return try S3Options(bucket: "packs", timeouts: timeouts)
            } == "timeouts")
    }
}
