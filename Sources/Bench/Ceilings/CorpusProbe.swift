// SPDX-License-Identifier: Apache-2.0

import FileIO
import IPLD
import Multiformats
import PackStore

/// Measures what one corpus costs at least: ``CorpusCost``.
struct CorpusProbe {
    let path: String
    /// Bytes of all its files.
    let byteCount: Int
    let compression: Compression
    let cores: Int
    let effort: BenchPlan.Effort

    /// Blocks of the corpus, as they would come to be compressed.
    private struct Sample: Sendable {
        var blocks: [Block] = []
        var byteCount = 0
    }

    /// - Parameter walks: walks of the corpus that were timed.
    func measure(_ walks: [TreeWalk.Findings]) async throws -> CorpusCost {
        let sample = try await sample()
        let configured = try await rate(sample, compression, named: "\(compression)").rate
        var levels: [CorpusCost.Level] = []
        for level in effort.levels {
            levels.append(try await rate(sample, .zstd(level: level), named: "zstd:\(level)"))
        }
        return CorpusCost(
            scanSeconds: walks.map(\.scanSeconds).min() ?? 0,
            readSeconds: walks.map(\.readSeconds).min() ?? 0, compression: configured,
            levels: levels)
    }

    /// Pieces from all over the corpus.
    private func sample() async throws -> Sample {
        let (path, byteCount, wanted) = (path, byteCount, effort.sampleByteCount)
        return try await BlockingPool.shared.run {
            let share = min(1, Double(wanted) / Double(max(byteCount, 1)))
            let builder = try CIDBuilder(version: .v1, function: .sha2_256, inlineLimit: nil)
            var (sample, seen) = (Sample(), 0)
            var failure: HashingError?
            _ = try TreeWalk.walk(path, reads: true) { piece in
                // The part taken of what was seen stays the part wanted of the whole.
                if Double(sample.byteCount) <= Double(seen) * share {
                    let bytes = Array(piece)
                    do throws(HashingError) {
                        let cid = try builder.cid(codec: .raw, hashing: bytes.span)
                        sample.blocks.append(Block(cid: cid, bytes: bytes))
                        sample.byteCount += bytes.count
                    } catch { failure = error }
                }
                seen += piece.count
            }
            if let failure { throw failure }
            return sample
        }
    }

    private func rate(
        _ sample: Sample, _ compression: Compression, named name: String
    ) async throws -> CorpusCost.Level {
        guard sample.byteCount > 0 else {
            let none = Ceilings.CoreRate(name: name, perCore: .infinity, allCores: .infinity)
            return CorpusCost.Level(rate: none, ratio: 1)
        }
        let rate = try await Trial.rate(
            name, byteCount: sample.byteCount, cores: cores, budget: effort.coreBudget
        ) {
            let builder = FrameBuilder(compression: compression)
            return { _ = try Self.compress(sample, with: builder) }
        }
        let stored = try await BlockingPool.shared.run {
            try Self.compress(sample, with: FrameBuilder(compression: compression))
        }
        return CorpusCost.Level(rate: rate, ratio: Double(sample.byteCount) / Double(stored))
    }

    /// The bytes that the frames of the sample take.
    private static func compress(_ sample: Sample, with builder: FrameBuilder) throws -> Int {
        var stored = 0
        for block in sample.blocks {
            try builder.append(block)
            if builder.isFull { stored += try builder.finish().stored.count }
        }
        if builder.blockCount > 0 { stored += try builder.finish().stored.count }
        return stored
    }
}
