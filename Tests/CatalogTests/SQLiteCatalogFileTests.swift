// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import GRDB
import Testing

@Suite struct SQLiteCatalogFileTests {
    @Test func `what was committed is there when the file is opened again`() async throws {
        try await withCatalogPath { path in
            let first = try await SQLiteCatalog.open(at: path, options: options(20))
            try await first.commit(pack(1), blocks: blocks(0..<30))
            try await first.commit(pack(2), blocks: blocks(30..<33))
            try await first.add(snapshot("a"))
            try await first.close()
            let second = try await SQLiteCatalog.open(at: path, options: options(20))
            #expect(try await second.packs() == [pack(1), pack(2)])
            #expect(try await second.contains((0..<33).map(multihash)).allSatisfy { $0 })
            #expect(try await second.snapshots(limit: nil) == [snapshot("a")])
            try await second.close()
        }
    }

    @Test func `two catalogs on one file commit at once and see each other`() async throws {
        try await withCatalogPath { path in
            // Both create the file at the same time, too.
            async let opening = SQLiteCatalog.open(at: path, options: options(30))
            let right = try await SQLiteCatalog.open(at: path, options: options(30))
            let left = try await opening
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (side, catalog) in [left, right].enumerated() {
                    group.addTask {
                        for number in side * 20..<side * 20 + 20 {
                            try await catalog.commit(
                                pack(number), blocks: blocks(number * 10..<number * 10 + 11))
                        }
                    }
                }
                try await group.waitForAll()
            }
            for catalog in [left, right] {
                #expect(try await catalog.packs().count == 40)
                #expect(try await catalog.contains((0...400).map(multihash)).allSatisfy { $0 })
                try await catalog.close()
            }
        }
    }

    @Test func `a cancelled commit is there wholly or not at all, and later ones go on`()
        async throws
    {
        try await withCatalog(recentLimit: 5_000) { catalog in
            for number in 0..<12 {
                let new = blocks(number * 1_000..<number * 1_000 + 1_000)
                // Unstructured: cancelled by the test, and awaited two lines below.
                let task = Task { try await catalog.commit(pack(number), blocks: new) }
                // From at once to long after the end.
                try await Task.sleep(for: .milliseconds(number * number))
                task.cancel()
                do { try await task.value } catch { #expect(error is CancellationError) }
                let isKnown = try await catalog.pack(pack(number).id) != nil
                let held = try await catalog.contains(new.map(\.multihash))
                #expect(held.allSatisfy { $0 == isKnown }, "commit \(number)")
            }
            try await catalog.commit(pack(99), blocks: blocks(99_000..<99_010))
            let held = try await catalog.contains([multihash(99_009)])
            #expect(held == [true])
        }
    }

    @Test func `a file that is no catalog is reported with the way out`() async throws {
        try await withCatalogPath { path in
            let noise = Data(repeating: UInt8(ascii: "x"), count: 5_000)
            try noise.write(to: URL(fileURLWithPath: path))
            let error = await #expect(throws: CatalogError.self) {
                try await SQLiteCatalog.open(at: path)
            }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("cairn reindex") == true)
            #expect(error?.path == path)
        }
    }

    @Test func `damaged pages are reported with the way out`() async throws {
        try await withCatalogPath { path in
            let made = try await SQLiteCatalog.open(at: path, options: options(20))
            try await made.commit(pack(1), blocks: blocks(0..<3_000))
            try await made.close()
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            let byteCount = try file.seekToEnd()
            try file.seek(toOffset: 4_096)
            try file.write(contentsOf: Data(repeating: 0xa5, count: Int(byteCount) - 4_096))
            try file.close()
            let error = await #expect(throws: CatalogError.self) {
                let opened = try await SQLiteCatalog.open(at: path, options: options(20))
                _ = try await opened.contains((0..<3_000).map(multihash))
            }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("cairn reindex") == true)
        }
    }

    @Test func `a damaged file is replaced by one that asks to be rebuilt`() async throws {
        try await withCatalogPath { path in
            try Data(repeating: 1, count: 5_000).write(to: URL(fileURLWithPath: path))
            try Data(repeating: 2, count: 5_000).write(to: URL(fileURLWithPath: path + "-wal"))
            try await SQLiteCatalog.replaceDamaged(at: path)
            #expect(FileManager.default.fileExists(atPath: path + ".damaged"))
            let catalog = try await SQLiteCatalog.open(at: path)
            #expect(try await catalog.needsRebuild())
            #expect(try await catalog.isEmpty())
            try await catalog.close()
        }
    }

    @Test func `a replacement cut short is finished by the next open`() async throws {
        try await withCatalogPath { path in
            let made = try await SQLiteCatalog.open(at: path + ".replacement")
            try await made.beginRebuild()
            try await made.close()
            // The old file has been moved away; its log has not been removed yet.
            try Data(repeating: 2, count: 5_000).write(to: URL(fileURLWithPath: path + "-wal"))
            let opened = try await SQLiteCatalog.open(at: path)
            #expect(try await opened.needsRebuild())
            #expect(!FileManager.default.fileExists(atPath: path + ".replacement"))
            try await opened.close()
        }
    }

    @Test func `a rebuild says so until it is finished, and keeps what others commit`()
        async throws
    {
        try await withCatalogPath { path in
            let first = try await SQLiteCatalog.open(at: path, options: options(20))
            try await first.commit(pack(1), blocks: blocks(0..<30))
            try await first.add(snapshot("a"))
            #expect(try await first.needsRebuild() == false)
            try await first.beginRebuild()
            #expect(try await first.isEmpty())
            #expect(try await first.contains([multihash(0)]) == [false])
            try await first.commit(pack(2), blocks: blocks(30..<33))
            try await first.close()
            let second = try await SQLiteCatalog.open(at: path, options: options(20))
            #expect(try await second.needsRebuild())
            try await second.commit(pack(1), blocks: blocks(0..<30))
            try await second.finishRebuild()
            #expect(try await second.needsRebuild() == false)
            #expect(try await second.contains((0..<33).map(multihash)).allSatisfy { $0 })
            try await second.close()
        }
    }

    @Test func `a catalog of a newer release is refused`() async throws {
        try await withCatalogPath { path in
            try await SQLiteCatalog.open(at: path).close()
            let queue = try DatabaseQueue(path: path)
            try await queue.write { db in
                try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('v999')")
            }
            try queue.close()
            let error = await #expect(throws: CatalogError.self) {
                try await SQLiteCatalog.open(at: path)
            }
            #expect(error?.code == .newerSchema)
        }
    }

    @Test func `a directory that is not there is reported`() async throws {
        try await withCatalogPath { path in
            let error = await #expect(throws: CatalogError.self) {
                try await SQLiteCatalog.open(at: path + "/no/catalog.sqlite")
            }
            #expect(error?.code == .cannotOpen)
        }
    }

    @Test func `commits reach the disk before they return`() async throws {
        try await withCatalog { catalog in
            // 2 is FULL: the log is synchronised at each commit.
            let level = try await catalog.synchronousLevel()
            #expect(level == 2)
        }
    }
}
