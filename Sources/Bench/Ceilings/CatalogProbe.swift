// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO

/// Measures how fast a catalog takes rows and answers.
struct CatalogProbe {
    let store: Directory
    let effort: BenchPlan.Effort

    private static let commitCount = 16_384
    private static let lookupCount = 1024

    func measure() async throws -> (
        insertRate: Double, insertCPUSeconds: Double, hitRate: Double, missRate: Double
    ) {
        let name = Array("catalog-probe".utf8)
        let directory = try await BlockingPool.shared.run { [store] in
            try store.createDirectory(name)
            return try store.openDirectory(name)
        }
        let catalog = try await SQLiteCatalog.open(at: directory.path + "/catalog.sqlite")
        var inserts: [Double] = []
        var cpuSeconds = 0.0
        for commit in 0..<effort.catalogCommits {
            try Task.checkCancellation()
            let blocks = (0..<Self.commitCount).map { index in
                NewBlock(
                    multihash: Self.multihash(commit * Self.commitCount + index),
                    ordinal: UInt32(index))
            }
            let record = PackRecord(
                id: .make(), kind: .leaves, tier: .hot, blockCount: blocks.count,
                byteCount: 1 << 30, storedByteCount: 1 << 30, createdAtMilliseconds: 0)
            let (cpu, start) = (CPUClock.process, ContinuousClock.now)
            try await catalog.commit(record, blocks: blocks)
            cpuSeconds += (CPUClock.process - cpu).inSeconds
            inserts.append(start.duration(to: .now).inSeconds)
        }
        let rows = effort.catalogCommits * Self.commitCount
        let hit = try await lookUp(in: catalog, below: rows, offset: 0)
        let miss = try await lookUp(in: catalog, below: rows, offset: rows)
        try await catalog.close()
        return (
            Double(Self.commitCount) / (inserts.lowerMedian ?? 1), cpuSeconds / Double(rows), hit,
            miss
        )
    }

    /// Look-ups per second of random rows among those from `offset` on.
    private func lookUp(
        in catalog: SQLiteCatalog, below count: Int, offset: Int
    ) async throws -> Double {
        var random = SplitMix(seed: 8)
        var best = Double.infinity
        for _ in 0..<effort.catalogLookups {
            try Task.checkCancellation()
            let asked = (0..<Self.lookupCount).map { _ in
                Self.multihash(offset + random.below(count))
            }
            let start = ContinuousClock.now
            _ = try await catalog.places(of: asked)
            best = min(best, start.duration(to: .now).inSeconds)
        }
        return Double(Self.lookupCount) / best
    }

    /// The SHA2-256 multihash that stands for row `index`.
    private static func multihash(_ index: Int) -> [UInt8] {
        var random = SplitMix(seed: UInt64(index))
        var bytes = [UInt8](repeating: 0x20, count: 34)
        bytes[0] = 0x12
        bytes.withUnsafeMutableBytes {
            random.fill(UnsafeMutableRawBufferPointer(rebasing: $0[2...]))
        }
        return bytes
    }
}
