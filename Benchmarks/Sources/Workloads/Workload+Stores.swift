// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import ObjectStore
import PackStore

extension Workload {
    static let packs =
        [
            ("text", FrameContent.text, Compression.auto), ("noise", .noise, .auto),
            ("small", .small, .auto), ("plain", .text, .none),
        ].map { name, content, compression in
            Workload("frame/\(name)", byteCount: 262_144, iterations: 4) {
                let blocks = try content.blocks()
                let builder = FrameBuilder(compression: compression)
                return {
                    for block in blocks { try builder.append(block) }
                    return try builder.finish().stored.count
                }
            }
        } + [
            Workload("pack/append", byteCount: 16 * 262_144, iterations: 2) {
                let scratch = try ScratchDirectory()
                let store = try DirectoryObjectStore(path: scratch.path)
                let frame = try FrameBuilder.frame(
                    of: FrameContent.small.blocks(), compression: .auto)
                return {
                    _ = scratch
                    var writer = try PackWriter(into: store, kind: .leaves, tier: .hot)
                    for _ in 0..<16 { try writer.append(frame) }
                    let pack = try writer.finish()
                    defer { pack.abandon() }
                    return pack.blockCount
                }
            },
            Workload("pack/read", iterations: 2) {
                let scratch = try ScratchDirectory()
                let store = try DirectoryObjectStore(path: scratch.path)
                var writer = try PackWriter(into: store, kind: .leaves, tier: .hot)
                try writer.append(
                    FrameBuilder.frame(of: FrameContent.small.blocks(), compression: .auto))
                let pack = try writer.finish().seal()
                let reader = try PackReader(pack.id, in: store)
                return {
                    _ = scratch
                    return try (0..<8).reduce(0) { $0 &+ (try reader.block($1).bytes.count) }
                }
            },
        ]

    static let catalogs = [
        Workload("catalog/insert", iterations: 4) {
            let (scratch, catalog) = try await emptyCatalog()
            var source = SeededBytes(seed: 10)
            return { iterations in
                for _ in 0..<iterations { try await commit(2000, to: catalog, from: &source) }
                _ = scratch
                return iterations
            }
        },
        Workload("catalog/find", iterations: 4) {
            let (scratch, catalog) = try await emptyCatalog()
            var source = SeededBytes(seed: 10)
            var known: [[UInt8]] = []
            for _ in 0..<4 { known += try await commit(2000, to: catalog, from: &source) }
            return { [known] iterations in
                var found = 0
                for iteration in 0..<iterations {
                    let start = iteration % 4 * 2000
                    let places = try await catalog.places(of: Array(known[start..<start + 2000]))
                    found += places.count { $0 != nil }
                }
                _ = scratch
                return found
            }
        },
        Workload("catalog/miss", iterations: 4) {
            let (scratch, catalog) = try await emptyCatalog()
            var source = SeededBytes(seed: 10)
            for _ in 0..<4 { try await commit(2000, to: catalog, from: &source) }
            let unknown = (0..<2000).map { _ in source.cid().multihash.bytes }
            return { iterations in
                var found = 1
                for _ in 0..<iterations {
                    found += try await catalog.contains(unknown).count { $0 }
                }
                _ = scratch
                return found
            }
        },
    ]

    private static func emptyCatalog() async throws -> (ScratchDirectory, SQLiteCatalog) {
        let scratch = try ScratchDirectory()
        return (scratch, try await SQLiteCatalog.open(at: scratch.path + "/catalog.sqlite"))
    }

    /// Commits a pack of new blocks and returns their keys.
    @discardableResult
    private static func commit(
        _ count: Int, to catalog: SQLiteCatalog, from source: inout SeededBytes
    ) async throws -> [[UInt8]] {
        let keys = (0..<count).map { _ in source.cid().multihash.bytes }
        let id = PackID.make(milliseconds: source.next() >> 20, random: (source.next(), 0))
        let pack = PackRecord(
            id: id, kind: .leaves, tier: .hot, blockCount: count, byteCount: 1 << 20,
            storedByteCount: 1 << 20, createdAtMilliseconds: 0)
        let blocks = keys.enumerated().map { NewBlock(multihash: $1, ordinal: UInt32($0)) }
        try await catalog.commit(pack, blocks: blocks)
        return keys
    }
}

/// What a frame of about 256 KiB is made of.
private enum FrameContent {
    case text, noise, small

    func blocks() throws -> [Block] {
        var source = SeededBytes(seed: 11)
        switch self {
        case .text: return [try source.block(source.text(262_144))]
        case .noise: return [try source.block(source.noise(262_144))]
        case .small:
            // Pages of text, as of a tree of small files.
            return try (0..<64).map { _ in try source.block(source.text(4096)) }
        }
    }
}
