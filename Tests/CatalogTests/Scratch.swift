// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation

/// A directory for one test's catalogs, removed at the end of the scope.
func withCatalogPath<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("catalog-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    // Best effort: what is left in the temporary directory harms nobody.
    defer { try? FileManager.default.removeItem(at: directory) }
    return try await body(directory.appendingPathComponent("catalog.sqlite").path)
}

/// A fresh catalog, open for the length of the scope.
///
/// - Parameter recentLimit: small, so that runs and merges happen with few blocks.
func withCatalog<Result>(
    recentLimit: Int = 50, _ body: (SQLiteCatalog) async throws -> Result
) async throws -> Result {
    try await withCatalogPath { path in
        let catalog = try await SQLiteCatalog.open(at: path, options: options(recentLimit))
        let result = try await body(catalog)
        try await catalog.close()
        return result
    }
}

/// Defaults but for the size of the recent table.
func options(_ recentLimit: Int) -> SQLiteCatalogOptions {
    var options = SQLiteCatalogOptions()
    options.recentLimit = recentLimit
    return options
}

/// A generator whose whole run follows from its seed.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}

/// The multihash of a made-up SHA-256 digest.
func multihash(_ number: Int) -> [UInt8] {
    var generator = SplitMix64(seed: UInt64(number) &* 0x1_0000_01b3)
    var bytes: [UInt8] = [0x12, 0x20]
    for _ in 0..<4 {
        let word = generator.next()
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
        }
    }
    return bytes
}

/// The pack of that number; later numbers have later ids.
func pack(
    _ number: Int, blockCount: Int = 0, kind: PackKind = .leaves, tier: PackTier = .hot
) -> PackRecord {
    let milliseconds = 1_800_000_000_000 + number
    let id = PackID.make(milliseconds: UInt64(milliseconds), random: (0, UInt64(number)))
    return PackRecord(
        id: id, kind: kind, tier: tier, blockCount: blockCount, byteCount: Int64(blockCount) * 100,
        storedByteCount: Int64(blockCount) * 60, createdAtMilliseconds: Int64(milliseconds))
}

/// New blocks of made-up digests, their ordinals counted from zero.
func blocks(_ numbers: some Sequence<Int>) -> [NewBlock] {
    numbers.enumerated().map {
        NewBlock(multihash: multihash($0.element), ordinal: UInt32($0.offset))
    }
}

/// The place of a block in the pack of that number.
func place(_ packNumber: Int, _ ordinal: Int) -> BlockPlace {
    BlockPlace(packID: pack(packNumber).id, ordinal: UInt32(ordinal))
}

/// A plain snapshot of that id.
func snapshot(_ id: String, startedAt milliseconds: Int64 = 0) -> SnapshotRecord {
    SnapshotRecord(
        id: id, startedAtMilliseconds: milliseconds, finishedAtMilliseconds: milliseconds + 1,
        sources: ["/data"], roots: [.init(name: "data", cid: [1, 2])], host: "box",
        recordCID: [3, 4])
}
