// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Repositories that earlier releases wrote: each later one must read them.
struct StoredFormatTests {
    /// What `Fixtures/stores/README.md` tells about a store.
    struct Store: Sendable, CustomStringConvertible {
        let name: String
        let root: String
        let listing: [String]
        var description: String { name }
    }

    static let stores = [
        Store(
            name: "v1", root: "bafybeidmcd3twnfsodsywdc55ljydo4ybjewvuqj5ub5wpsipzksrakofy",
            listing: [
                "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku 0 empty",
                "bafkreibhp3alwxcevspmz6zmh2foasl6ukg4wnz4qrcvya65hm7o36so54 20 greeting",
                "bafybeiggpku34ukf42ff4wpejhj2x5fiuhv3ml3gkmz5jjgjfgvq4tk6xy 73 inner/",
                "bafkreibhp3alwxcevspmz6zmh2foasl6ukg4wnz4qrcvya65hm7o36so54 20 inner/again",
                "bafybeifwu2m3uhh664mdhnnrc7vjntntwy4q5zgzqogkwaikwi6aoiblgy 8 link",
                "bafkreigjbc5xcwjmf67ycj6lg6wxzxcvptjwajeu2fwl6iiuwkyqfqdaku 20000 noise",
            ])
    ]

    @Test(arguments: stores, [true, false])
    func `a stored repository opens, verifies and reads, with its catalog or without`(
        _ store: Store, _ hasCatalog: Bool
    ) async throws {
        let bench = try Bench()
        let fixture = Command.packageRoot.appending(path: "Fixtures/stores/\(store.name)")
        try FileManager.default.copyItem(at: fixture, to: bench.repository)
        if !hasCatalog {
            try FileManager.default.removeItem(
                at: bench.repository.appending(path: "catalog.sqlite"))
            try await bench.run("reindex")
        }
        try await bench.run("verify")
        #expect(try await bench.run("ls", "-r", store.root).lines == store.listing)
        let snapshots = try await bench.run("snapshots", "--json").objects()
        #expect(snapshots.count == 1)
        let roots = snapshots.first?["roots"] as? [[String: Any]]
        #expect(roots?.first?["cid"] as? String == store.root)
        let source = try bench.write(
            InputTree(
                .directory([
                    ("empty", .text("")), ("greeting", .text("hello from the past\n")),
                    ("inner", InputTree(.directory([("again", .text("hello from the past\n"))]))),
                    ("link", InputTree(.symlink(target: "greeting"))),
                    ("noise", InputTree(.file(.noise(seed: 1, count: 20_000)))),
                ])))
        try await bench.run("get", store.root, "-o", bench.path("back"))
        try await bench.expectEqual(source, bench.path("back"))
        let again = try await bench.run("ingest", "--json", source).objects()
        #expect(again.last?["root"] as? String == store.root)
        #expect(again.last?["newBlocks"] as? Int == 0)
    }
}
