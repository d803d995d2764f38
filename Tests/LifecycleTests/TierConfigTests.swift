// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Foundation
import Repository
import TestSupport
import Testing

/// The section `tiers` of `config.yaml`.
struct TierConfigTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func load(_ text: String) async throws -> [TierConfig] {
        let path = directory.url.appending(path: "repository").path
        _ = try await Repository.open(path, creating: true)
        try ("format: 1\n" + text).write(
            toFile: path + "/config.yaml", atomically: true, encoding: .utf8)
        return try await Repository.open(path, creating: false).config.tiers
    }

    @Test func `tiers are read with back end, kinds, mirrors and rules`() async throws {
        let tiers = try await load(
            """
            tiers:
              cold:
                s3:
                  endpoint: https://s3.example.org
                  region: eu-central-1
                  bucket: packs
                  prefix: home/nas
                  path-style: true
                  storage-class: STANDARD_IA
                  access-key-id: AKIA1
                  secret-access-key: hush
                rules:
                  - older-than: 30d
                    unread-for: 12h
                    tags: [archive, old]
                  - hot-above: 500GiB
                    hot-until: 400GiB
                    larger-than: 64MiB
              spare:
                directory: /mnt/spare
                mirror-of: [hot, cold]
            """)
        #expect(tiers.map(\.tier.name) == ["cold", "spare"])
        guard case .bucket(let bucket) = tiers[0].backend else { throw TestFailure() }
        #expect(bucket.prefix == "home/nas/")
        #expect(bucket.usesPathStyle == true)
        #expect(bucket.storageClass == "STANDARD_IA")
        #expect(bucket.credentials?.secretAccessKey == "hush")
        // The secret is in no text that is made of it.
        #expect(!"\(tiers[0].location) \(String(describing: bucket.credentials))".contains("hush"))
        #expect(tiers[0].rules[0].olderThanMilliseconds == Int64(2_592_000_000))
        #expect(tiers[0].rules[0].unreadForMilliseconds == Int64(43_200_000))
        #expect(tiers[0].rules[0].tags == ["archive", "old"])
        #expect(tiers[0].rules[1].watermark == .init(above: 500 << 30, until: 400 << 30))
        #expect(tiers[0].kinds == [.leaves])
        #expect(tiers[1].mirrorOf == [.hot, .cold])
        #expect(tiers[1].kinds == [.leaves, .nodes])
    }

    @Test(
        arguments: [
            ("hot: {directory: /a}", "hot"), ("cold: {}", "directory"),
            ("cold: {directory: a}", "absolute"),
            ("cold: {directory: /a, s3: {bucket: b}}", "both"),
            ("cold: {s3: {region: r}}", "bucket"),
            ("cold: {directory: /a, kinds: [nodes]}", "mirror"),
            ("cold: {directory: /a, rules: [{older-than: 3}]}", "7d"),
            ("cold: {directory: /a, rules: [{}]}", "condition"),
            ("cold: {directory: /a, rules: [{hot-above: 1G, hot-until: 2G}]}", "hot-until"),
            ("cold: {directory: /a, mirror-of: nowhere}", "nowhere"),
            ("cold: {directory: /a, colour: red}", "colour"),
            ("cold: {s3: {bucket: b, access-key-id: k}}", "come together"),
            ("cold: {s3: {bucket: b, endpoint: host}}", "https://"),
        ])
    func `what cannot be is refused with its line`(_ text: String, _ word: String) async throws {
        let error = await #expect(throws: RepositoryError.self) {
            _ = try await load("tiers:\n  \(text)\n")
        }
        #expect(error?.code == .badConfig)
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("config.yaml:3") == true, "\(error?.message ?? "")")
    }
}

struct TestFailure: Error {}
