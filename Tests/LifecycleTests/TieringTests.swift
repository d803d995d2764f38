// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import IPLD
import Lifecycle
import Multiformats
import ObjectStore
import PackStore
import Repository
import Synchronization
import TestSupport
import Testing

/// Packs that move between tiers.
struct TieringTests {
    @Test func `packs move by rule, are read where they are, and come back`() async throws {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        let blocks = try await scene.store(packs: 3, in: repository)
        let report = try await repository.moveByRules()
        #expect(report.failures == [])
        #expect(report.doneCount == 3)
        #expect(try await repository.packCounts() == [.cold: 3])
        #expect(try scene.files("hot").isEmpty)
        #expect(try scene.files("cold").count == 3)
        #expect(try await repository.holds(blocks))
        #expect(try await scene.repository().holds(blocks))
        #expect(try await repository.catalog.doomedPacks().isEmpty)
        #expect(try await repository.moveByRules().stepCount == 0)

        let recall = try await repository.recallAll()
        #expect(recall.failures == [])
        #expect(try await repository.packCounts() == [.hot: 3])
        #expect(try scene.files("cold").isEmpty)
        #expect(try await repository.holds(blocks))
        // Recalled packs stay for a while, whatever the rule says.
        #expect(try await repository.moveByRules().stepCount == 0)
        let later = WallTime.now + 8 * 86_400_000
        #expect(try await Tiering(repository).plan(atMilliseconds: later).steps.count == 3)
    }

    @Test func `packs of nodes stay hot, also by hand`() async throws {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        let node = try Block.node(linking: try #require(CID.raw("a")))
        try await repository.blocks.put([node])
        #expect(try await Tiering(repository).plan().steps.isEmpty)
        let ids = Set(try await repository.catalog.packs().map(\.id))
        let error = await #expect(throws: TierError.self) {
            _ = try await Tiering(repository).plan(moving: ids, to: .cold)
        }
        #expect(error?.code == .badRequest)
    }

    @Test func `a tier that lies is found out, and the pack stays where it is`() async throws {
        let scene = try await TierScene()
        let stores = Mutex<[PackTier: FailingStore]>([:])
        let repository = try await scene.repository { tier, store in
            let failing = FailingStore(store, tier == .cold ? .lie : .none)
            stores.withLock { $0[tier] = failing }
            return failing
        }
        let blocks = try await scene.store(packs: 2, in: repository)
        let report = try await repository.moveByRules()
        #expect(stores.withLock { $0[.cold]?.hitCount } == 1)
        #expect(report.failures.count == 1)
        #expect(report.failures.first?.contains("read back wrong") == true)
        // Nothing more goes to a tier that lies.
        #expect(report.skippedCount == 1)
        #expect(try await repository.packCounts() == [.hot: 2])
        #expect(try scene.files("cold").isEmpty)
        #expect(try await repository.holds(blocks))
    }

    @Test(
        arguments: [
            FailingStore.Fault.append(0, .noSpace), .append(0, .device), .seal(.noSpace),
            .seal(.device), .open(.unavailable),
        ])
    func `a destination that fails leaves the pack where it was`(
        _ fault: FailingStore.Fault
    ) async throws {
        let scene = try await TierScene()
        let stores = Mutex<[PackTier: FailingStore]>([:])
        let repository = try await scene.repository { tier, store in
            let failing = FailingStore(store, tier == .cold ? fault : .none)
            stores.withLock { $0[tier] = failing }
            return failing
        }
        let blocks = try await scene.store(packs: 2, in: repository)
        let report = try await repository.moveByRules()
        #expect(stores.withLock { $0[.cold]?.hitCount ?? 0 } > 0)
        #expect(!report.failures.isEmpty)
        #expect(try await repository.packCounts() == [.hot: 2])
        #expect(try await repository.holds(blocks))
        stores.withLock { $0[.cold]?.set(.none) }
        #expect(try await repository.moveByRules().failures == [])
        #expect(try await repository.packCounts() == [.cold: 2])
        #expect(try await repository.holds(blocks))
    }

    @Test func `an old file that cannot be deleted is deleted by the next run`() async throws {
        let scene = try await TierScene()
        let stores = Mutex<[PackTier: FailingStore]>([:])
        let repository = try await scene.repository { tier, store in
            let failing = FailingStore(store, tier == .hot ? .delete(.denied) : .none)
            stores.withLock { $0[tier] = failing }
            return failing
        }
        let blocks = try await scene.store(packs: 1, in: repository)
        #expect(try await repository.moveByRules().failures.count == 1)
        #expect(try await repository.packCounts() == [.cold: 1])
        #expect(try await repository.catalog.doomedPacks().map(\.tier) == [.hot])
        // Not taken in again, although it is a sealed pack.
        try await repository.salvage()
        #expect(try await repository.packCounts() == [.cold: 1])
        stores.withLock { $0[.hot]?.set(.none) }
        #expect(try await repository.removeDoomed().removedCount == 1)
        #expect(try scene.files("hot").isEmpty)
        #expect(try await repository.holds(blocks))
    }

    @Test func `a file that is doomed and lives again is not deleted`() async throws {
        let scene = try await TierScene()
        let stores = Mutex<[PackTier: FailingStore]>([:])
        let repository = try await scene.repository { tier, store in
            let failing = FailingStore(store, tier == .hot ? .delete(.denied) : .none)
            stores.withLock { $0[tier] = failing }
            return failing
        }
        let blocks = try await scene.store(packs: 1, in: repository)
        _ = try await repository.moveByRules()
        // The file is still there when the pack comes back.
        #expect(try await repository.recallAll().doneCount == 1)
        stores.withLock { $0[.hot]?.set(.none) }
        try await repository.removeDoomed()
        #expect(try scene.files("hot").count == 1)
        #expect(try await repository.packCounts() == [.hot: 1])
        #expect(try await scene.repository().holds(blocks))
    }

    @Test func `what a broken-off move left is completed or removed`() async throws {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        let blocks = try await scene.store(packs: 2, in: repository)
        let name = try #require(try scene.files("hot").first)
        let lock = try #require(try await repository.takeTierLock())
        try await repository.prepare(.cold, holding: lock)
        let busy = await #expect(throws: TierError.self) { try await repository.moveByRules() }
        #expect(busy?.code == .busy)
        // A sealed copy that the catalog was never told of, and a part.
        let files = FileManager.default
        try files.copyItem(
            atPath: scene.path("repository/packs/hot/\(name)"), toPath: scene.path("cold/\(name)"))
        try Data("cut".utf8).write(to: URL(filePath: scene.path("cold/\(name).part")))
        _ = consume lock
        let other = try await scene.repository()
        let report = try await TierMove(other).run { TierPlan() }
        #expect(report.leftoverCount == 2)
        #expect(report.failures == [])
        #expect(try scene.files("cold").isEmpty)
        #expect(try await other.holds(blocks))
    }

    @Test func `a leftover that is another file than the pack is kept and told`() async throws {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        _ = try await scene.store(packs: 2, in: repository)
        let names = try scene.files("hot")
        let first = try #require(names.first)
        let last = try #require(names.last)
        _ = try await TierMove(repository).run { TierPlan() }
        let lock = try #require(try await repository.takeTierLock())
        try await repository.prepare(.cold, holding: lock)
        _ = consume lock
        try FileManager.default.copyItem(
            atPath: scene.path("repository/packs/hot/\(last)"), toPath: scene.path("cold/\(first)"))
        let report = try await TierMove(repository).run { TierPlan() }
        #expect(report.leftoverCount == 0)
        #expect(report.failures.count == 1)
        #expect(try scene.files("cold") == [first])
    }

    @Test func `a damaged pack does not move`() async throws {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        _ = try await scene.store(packs: 1, in: repository)
        try scene.damage(scene.path("repository/packs/hot/\(try scene.files("hot")[0])"))
        let report = try await scene.repository().moveByRules()
        #expect(report.failures.first?.contains("damaged there") == true)
        #expect(try scene.files("hot").count == 1)
        #expect(try scene.files("cold").isEmpty)
    }
}

enum WallTime {
    /// Milliseconds since 1970.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}

extension CID {
    static func raw(_ text: String) -> CID? {
        let bytes = Array(text.utf8)
        return try? CIDBuilder().cid(codec: .raw, hashing: bytes.span)  // told by the caller
    }
}
