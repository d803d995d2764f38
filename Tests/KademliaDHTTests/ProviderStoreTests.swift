// SPDX-License-Identifier: Apache-2.0

import Foundation
import KademliaDHT
import Libp2p
import Multiformats
import TestSupport
import Testing

/// What every provider store must do.
struct ProviderStoreTests {
    enum Kind: CaseIterable, Sendable { case memory, sqlite, sqliteInSmallBatches }

    /// A store in a directory of its own.
    final class Scene: Sendable {
        let store: any ProviderStore
        private let directory: TemporaryDirectory

        init(_ kind: Kind, _ limits: ProviderStoreLimits = ProviderStoreLimits()) async throws {
            directory = try TemporaryDirectory()
            let path = directory.url.appending(path: "providers.sqlite").path
            store =
                switch kind {
                case .memory: MemoryProviderStore(limits: limits)
                case .sqlite: try await SQLiteProviderStore.open(at: path, limits: limits)
                case .sqliteInSmallBatches:
                    try await SQLiteProviderStore.open(at: path, limits: limits, batchCount: 3)
                }
        }

        func found(_ block: UInt64, at now: Duration, limit: Int = 100) async throws -> Set<
            PeerInfo
        > {
            Set(try await store.providers(of: .test(block), limit: limit, now: now))
        }
    }

    private let start = Duration.seconds(1_700_000_000)
    private let first = PeerInfo(id: .test(1), addresses: [.tcp(1, 2, 3, 4), .tcp(5, 6, 7, 8)])
    private let second = PeerInfo(id: .test(2), addresses: [.tcp(9, 9, 9, 9)])

    @Test(arguments: Kind.allCases)
    func `a record is found until it expires after 48 hours`(_ kind: Kind) async throws {
        let scene = try await Scene(kind)
        try await scene.store.add(.test(1), provider: first, now: start)
        try await scene.store.add(.test(1), provider: second, now: start + .seconds(10))
        #expect(try await scene.found(1, at: start) == [first, second])
        #expect(try await scene.found(2, at: start).isEmpty)
        try await scene.store.flush()
        #expect(try await scene.found(1, at: start) == [first, second])
        let expiry = start + .seconds(48 * 3600)
        let late = try await scene.found(1, at: expiry - .seconds(1))
        #expect(Set(late.map(\.id)) == [first.id, second.id])
        #expect(try await scene.found(1, at: expiry).map(\.id) == [second.id])
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `addresses are told for 24 hours, and renewed by any record`(_ kind: Kind) async throws {
        let scene = try await Scene(kind)
        try await scene.store.add(.test(1), provider: first, now: start)
        try await scene.store.flush()
        let dayLater = start + .seconds(24 * 3600)
        #expect(try await scene.found(1, at: dayLater - .seconds(1)) == [first])
        #expect(
            try await scene.found(1, at: dayLater) == [PeerInfo(id: first.id, addresses: [])])
        try await scene.store.add(.test(2), provider: first, now: dayLater)
        try await scene.store.flush()
        #expect(try await scene.found(1, at: dayLater) == [first])
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `a record that is renewed counts once and lives longer`(_ kind: Kind) async throws {
        let scene = try await Scene(kind)
        for hour in 0..<3 {
            let now = start + .seconds(hour * 3600)
            try await scene.store.add(.test(1), provider: first, now: now)
            try await scene.store.flush()
        }
        #expect(try await scene.store.recordCount == 1)
        let last = start + .seconds(50 * 3600)
        #expect(try await scene.found(1, at: last - .seconds(1)).count == 1)
        #expect(try await scene.found(1, at: last).isEmpty)
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `a sweep removes what has expired, and nothing else`(_ kind: Kind) async throws {
        let scene = try await Scene(kind)
        for block in UInt64(0)..<10 {
            try await scene.store.add(.test(block), provider: first, now: start)
        }
        let later = start + .seconds(3600)
        for block in UInt64(5)..<12 {
            try await scene.store.add(.test(block), provider: second, now: later)
        }
        #expect(try await scene.store.removeExpired(now: start + .seconds(48 * 3600)) == 10)
        #expect(try await scene.store.recordCount == 7)
        #expect(try await scene.found(5, at: later) == [second])
        #expect(try await scene.store.removeExpired(now: later + .seconds(48 * 3600)) == 7)
        #expect(try await scene.store.recordCount == 0)
        try await scene.store.add(.test(1), provider: first, now: later)
        try await scene.store.flush()
        #expect(try await scene.found(1, at: later) == [first])
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `a full store refuses new records and renews known ones`(_ kind: Kind) async throws {
        var limits = ProviderStoreLimits()
        limits.recordCount = 5
        let scene = try await Scene(kind, limits)
        for block in UInt64(0)..<5 {
            try await scene.store.add(.test(block), provider: first, now: start)
        }
        try await scene.store.flush()
        let error = await #expect(throws: ProviderStoreError.self) {
            try await scene.store.add(.test(9), provider: second, now: start)
        }
        #expect(error?.code == .full)
        try await scene.store.add(.test(3), provider: first, now: start + .seconds(7200))
        try await scene.store.flush()
        #expect(try await scene.store.recordCount == 5)
        #expect(try await scene.found(3, at: start + .seconds(49 * 3600)).count == 1)
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `one provider cannot take it all`(_ kind: Kind) async throws {
        var limits = ProviderStoreLimits()
        limits.recordCountPerProvider = 4
        let scene = try await Scene(kind, limits)
        for block in UInt64(0)..<4 {
            try await scene.store.add(.test(block), provider: first, now: start)
        }
        let error = await #expect(throws: ProviderStoreError.self) {
            try await scene.store.add(.test(9), provider: first, now: start)
        }
        #expect(error?.code == .providerFull)
        try await scene.store.add(.test(9), provider: second, now: start)
        #expect(try await scene.found(9, at: start) == [second])
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `the last records are for providers with few`(_ kind: Kind) async throws {
        let limits = ProviderStoreLimits(recordCount: 10, reservedCount: 4, fewRecordCount: 2)
        let scene = try await Scene(kind, limits)
        for block in UInt64(0)..<6 {
            try await scene.store.add(.test(block), provider: first, now: start)
        }
        for block in UInt64(6)..<8 {
            try await scene.store.add(.test(block), provider: second, now: start)
        }
        for provider in [first, second] {
            let error = await #expect(throws: ProviderStoreError.self) {
                try await scene.store.add(.test(9), provider: provider, now: start)
            }
            #expect(error?.code == .providerFull)
        }
        // What is there is renewed all the same.
        try await scene.store.add(.test(0), provider: first, now: start)
        #expect(try await scene.store.recordCount >= 8)
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `a block has a bounded number of providers, those who came first`(
        _ kind: Kind
    ) async throws {
        var limits = ProviderStoreLimits()
        limits.providerCountPerKey = 3
        let scene = try await Scene(kind, limits)
        for peer in UInt64(1)...6 {
            let provider = PeerInfo(id: .test(peer), addresses: [.tcp(1, 1, 1, 1)])
            try await scene.store.add(.test(1), provider: provider, now: start)
            try await scene.store.flush()
        }
        let found = try await scene.found(1, at: start)
        #expect(Set(found.map(\.id)) == [.test(1), .test(2), .test(3)])
        #expect(try await scene.found(1, at: start, limit: 2).count == 2)
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `the number of providers is bounded`(_ kind: Kind) async throws {
        var limits = ProviderStoreLimits()
        limits.providerCount = 2
        let scene = try await Scene(kind, limits)
        try await scene.store.add(.test(1), provider: first, now: start)
        try await scene.store.add(.test(1), provider: second, now: start)
        await #expect(throws: ProviderStoreError.self) {
            try await scene.store.add(
                .test(1), provider: PeerInfo(id: .test(3), addresses: []), now: start)
        }
        try await scene.store.add(.test(2), provider: second, now: start)
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `providers of whom no record is kept do not fill the store`(_ kind: Kind) async throws {
        var limits = ProviderStoreLimits()
        limits.providerCount = 3
        limits.providerCountPerKey = 1
        let scene = try await Scene(kind, limits)
        try await scene.store.add(.test(1), provider: first, now: start)
        try await scene.store.flush()
        for peer in UInt64(10)..<20 {
            let late = PeerInfo(id: .test(peer), addresses: [.tcp(1, 1, 1, 1)])
            try await scene.store.add(.test(1), provider: late, now: start)
            try await scene.store.flush()
        }
        #expect(try await scene.store.recordCount == 1)
        #expect(try await scene.found(1, at: start) == [first])
        try await scene.store.add(.test(2), provider: second, now: start)
        try await scene.store.flush()
        #expect(try await scene.found(2, at: start) == [second])
        try await scene.store.close()
    }

    @Test(arguments: Kind.allCases)
    func `records that many tasks add at once are all there`(_ kind: Kind) async throws {
        let scene = try await Scene(kind)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in UInt64(0)..<8 {
                group.addTask {
                    let provider = PeerInfo(id: .test(task), addresses: [.tcp(1, 1, 1, 1)])
                    for block in UInt64(0)..<50 {
                        try await scene.store.add(.test(block), provider: provider, now: start)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await scene.store.flush()
        #expect(try await scene.store.recordCount == 400)
        for block in UInt64(0)..<50 {
            #expect(try await scene.found(block, at: start).count == 8, "block \(block)")
        }
        try await scene.store.close()
    }

    @Test
    func `records outlive the process, those of an unclosed store once flushed`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.url.appending(path: "providers.sqlite").path
        var store: SQLiteProviderStore? = try await .open(at: path)
        try await store?.add(.test(1), provider: first, now: start)
        try await store?.flush()
        try await store?.add(.test(2), provider: second, now: start)
        // Gone without being closed, as in a crash.
        store = nil
        let again = try await SQLiteProviderStore.open(at: path)
        #expect(try await again.providers(of: .test(1), limit: 9, now: start) == [first])
        #expect(again.recordCount == 1)
        try await again.add(.test(2), provider: second, now: start)
        try await again.close()
        let third = try await SQLiteProviderStore.open(at: path)
        #expect(third.recordCount == 2)
        #expect(try await third.providers(of: .test(2), limit: 9, now: start) == [second])
        try await third.close()
        await #expect(throws: ProviderStoreError.self) {
            try await third.add(.test(2), provider: second, now: start)
        }
    }

    @Test
    func `a file that is no database is put aside, and a new one begins`() async throws {
        let directory = try TemporaryDirectory()
        let url = directory.url.appending(path: "providers.sqlite")
        // The second takes the place of the first.
        for filler in [UInt8(7), 9] {
            let noise = Data(repeating: filler, count: 8192)
            try noise.write(to: url)
            // From the log the file could be made whole again.
            for suffix in ["-wal", "-shm"] {
                let log = directory.url.appending(path: "providers.sqlite" + suffix)
                try? FileManager.default.removeItem(at: log)  // the first time there is none
            }
            let store = try await SQLiteProviderStore.open(at: url.path)
            #expect(store.recordCount == 0)
            try await store.add(.test(1), provider: first, now: start)
            try await store.close()
            let aside = directory.url.appending(path: "providers.sqlite.damaged")
            #expect(try Data(contentsOf: aside) == noise)
        }
        let again = try await SQLiteProviderStore.open(at: url.path)
        #expect(try await again.providers(of: .test(1), limit: 9, now: start) == [first])
        try await again.close()
    }

    @Test
    func `what a DHT took since the last flush is stored when it is cancelled`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.url.appending(path: "providers.sqlite").path
        let store = try await SQLiteProviderStore.open(at: path)
        var options = DHTOptions.isolated
        options.flushInterval = .seconds(3600)
        let dht = DHT(host: MemoryNetwork().makeHost(.test(1)), options: options, store: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await dht.run() }
            await eventually { dht.isServing }
            try await store.add(.test(1), provider: first, now: start)
            group.cancelAll()
            try await group.waitForAll()
        }
        // Reads what a process would find that comes after this one, which closed nothing.
        let next = try await SQLiteProviderStore.open(at: path)
        #expect(try await next.providers(of: .test(1), limit: 9, now: start) == [first])
        try await next.close()
        try await store.close()
    }
}
