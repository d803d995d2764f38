// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Multiformats
import Testing

/// Pins, removals and changed tags: the same state in whatever order their records are met.
@Suite struct SQLiteCatalogPinTests {
    /// The CID of a made-up record.
    private static func record(_ number: UInt8) -> [UInt8] {
        [1, 0x71, 0x12, 0x20] + Array(repeating: number, count: 32)
    }

    private static func pin(
        _ id: String, _ number: UInt8, expires: Int64? = nil, name: String? = nil
    ) -> RootChange {
        let pin = Pin(
            id: id, cid: record(100 + number), isRecursive: number.isMultiple(of: 2), name: name,
            createdAtMilliseconds: Int64(number), expiresAtMilliseconds: expires,
            recordCID: record(number))
        return RootChange(
            id: "c\(number)", madeAtMilliseconds: Int64(number), action: .pin(pin),
            recordCID: record(number))
    }

    private static func change(_ number: UInt8, _ action: RootChange.Action) -> RootChange {
        RootChange(
            id: "c\(number)", madeAtMilliseconds: Int64(number), action: action,
            recordCID: record(number))
    }

    private static func target(_ id: String, _ number: UInt8) -> RootChange.Target {
        .init(id: id, recordCID: record(number))
    }

    @Test func `every property of a pin comes back`() async throws {
        try await withCatalog { catalog in
            let changes = [
                Self.pin("p1", 1, expires: 77, name: "odd \u{0} name"), Self.pin("p2", 2),
            ]
            try await catalog.apply(changes)
            let pins = changes.compactMap { change in
                if case .pin(let pin) = change.action { pin } else { nil }
            }
            #expect(try await catalog.pins() == pins)
            #expect(pins[0].isExpired(atMilliseconds: 77) && !pins[0].isExpired(atMilliseconds: 76))
            #expect(!pins[1].isExpired(atMilliseconds: .max))
        }
    }

    /// Something that a rebuild meets in a pack.
    private enum Met {
        case snapshot(SnapshotRecord)
        case change(RootChange)
    }

    private struct State: Equatable {
        var pins: [Pin]
        var snapshots: [SnapshotRecord]
        var records: Set<RecordRoot>
    }

    private func state(of catalog: SQLiteCatalog) async throws -> State {
        State(
            pins: try await catalog.pins(), snapshots: try await catalog.snapshots(limit: nil),
            records: Set(try await catalog.recordRoots(atMilliseconds: 0)))
    }

    private static func recorded(_ id: String, _ number: UInt8, tags: [String]) -> SnapshotRecord {
        var record = snapshot(id)
        record.tags = tags
        record.recordCID = self.record(number)
        return record
    }

    @Test func `records met in any order give one state`() async throws {
        let kept = Self.target("kept", 50)
        let gone = Self.target("gone", 51)
        let met: [Met] = [
            .snapshot(Self.recorded("kept", 50, tags: ["old"])),
            .change(Self.change(5, .tag(kept, tags: ["a"], revision: 1))),
            .change(Self.change(6, .tag(kept, tags: ["b", "a"], revision: 2))),
            .snapshot(Self.recorded("gone", 51, tags: [])),
            .change(Self.change(4, .forget([gone]))),
            .change(Self.change(7, .tag(gone, tags: ["c"], revision: 1))),
            .change(Self.pin("p1", 1)), .change(Self.change(3, .unpin([Self.target("p1", 1)]))),
        ]
        // Only records about one thing can meet: each three in all orders, the others around them.
        let groups = [[0, 1, 2], [3, 4, 5], [6, 7]]
        let orders = groups.flatMap { group in
            let others = met.indices.filter { !group.contains($0) }
            return Self.permutations(group).flatMap { [$0 + others, others + $0] }
        }
        try await withCatalog { catalog in
            for order in orders {
                try await catalog.beginRebuild()
                for index in order {
                    switch met[index] {
                    case .snapshot(let record): try await catalog.add(record)
                    case .change(let change): try await catalog.apply([change])
                    }
                }
                try await catalog.finishRebuild()
                let state = try await state(of: catalog)
                #expect(
                    state.snapshots == [Self.recorded("kept", 50, tags: ["b", "a"])], "\(order)")
                #expect(state.pins.isEmpty, "\(order)")
                let records = Set([50, 3, 4, 6].map { Self.record($0) })
                #expect(Set(state.records.map(\.cid)) == records, "\(order)")
            }
        }
    }

    private static func permutations(_ indices: [Int]) -> [[Int]] {
        guard indices.count > 1 else { return [indices] }
        return indices.flatMap { first in
            permutations(indices.filter { $0 != first }).map { [first] + $0 }
        }
    }

    @Test func `a pack and its changes are committed together, or not at all`() async throws {
        try await withCatalog { catalog in
            var record = snapshot("s")
            record.recordCID = Self.record(50)
            try await catalog.add(record)
            let tag = Self.change(1, .tag(Self.target("s", 50), tags: ["x"], revision: 1))
            try await catalog.commit(pack(1), blocks: blocks(0..<1), applying: [tag])
            #expect(try await catalog.tagRevision(ofSnapshot: "s") == 1)
            #expect(try await catalog.contains([multihash(0)]) == [true])
            let late = Self.change(2, .tag(Self.target("s", 50), tags: ["y"], revision: 1))
            let error = await #expect(throws: CatalogError.self) {
                try await catalog.commit(pack(2), blocks: blocks(1..<2), applying: [late])
            }
            #expect(error?.code == .conflict)
            #expect(try await catalog.packs().map(\.id) == [pack(1).id])
            #expect(try await catalog.snapshot(matching: "s")?.tags == ["x"])
        }
    }

    @Test func `expired pins are no roots, and their records neither`() async throws {
        try await withCatalog { catalog in
            try await catalog.apply([Self.pin("p1", 1, expires: 100), Self.pin("p2", 2)])
            #expect(
                try await catalog.recordRoots(atMilliseconds: 99).map(\.cid)
                    == [Self.record(1), Self.record(2)])
            #expect(
                try await catalog.recordRoots(atMilliseconds: 100).map(\.cid) == [Self.record(2)])
            #expect(try await catalog.pins().count == 2)
            #expect(try await catalog.retireRecords(atMilliseconds: 100) == 1)
            #expect(try await catalog.pins().map(\.id) == ["p2"])
        }
    }

    @Test func `a removal is remembered as long as a pack holds what it removed`() async throws {
        try await withCatalog { catalog in
            let multihash = Array(Self.record(50).dropFirst(2))
            try await catalog.commit(
                pack(1), blocks: [NewBlock(multihash: multihash, ordinal: 0)])
            var record = snapshot("s")
            record.recordCID = Self.record(50)
            try await catalog.add(record)
            let tag = Self.change(3, .tag(Self.target("s", 50), tags: ["t"], revision: 1))
            let forget = Self.change(1, .forget([Self.target("s", 50)]))
            try await catalog.apply([tag, forget])
            #expect(try await catalog.snapshots(limit: nil).isEmpty)
            #expect(try await catalog.retireRecords(atMilliseconds: 0) == 0)
            try await catalog.add(record)
            #expect(try await catalog.snapshots(limit: nil).isEmpty)
            #expect(
                try await catalog.recordRoots(atMilliseconds: 0).map(\.cid) == [Self.record(1)])
            try await catalog.forget(packs: [pack(1).id])
            #expect(try await catalog.retireRecords(atMilliseconds: 0) == 1)
            #expect(try await catalog.recordRoots(atMilliseconds: 0).isEmpty)
        }
    }
}
