// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import PackStore
import Pipeline
import Testing

@testable import Ingest

/// When compression makes haste (decision 0018).
struct CompressWorkerTests {
    /// Percent of the room for input and for output that is taken.
    @Test(arguments: [
        (input: 0, output: 0, inHaste: false), (input: 50, output: 0, inHaste: false),
        (input: 51, output: 0, inHaste: true), (input: 100, output: 50, inHaste: true),
        (input: 100, output: 51, inHaste: false), (input: 0, output: 51, inHaste: false),
    ])
    func `haste is made while others wait for nothing else`(
        _ taken: (input: Int, output: Int, inHaste: Bool)
    ) async throws {
        let capacity = 10 << 20
        let input = BoundedChannel<BlockBatch>(capacity: capacity)
        let output = BoundedChannel<FrameBatch>(capacity: capacity)
        if taken.input > 0 {
            try await input.send(.blocks([], .leaves), weight: capacity / 100 * taken.input)
        }
        if taken.output > 0 {
            try await output.send(
                FrameBatch(kind: .leaves, frames: []), weight: capacity / 100 * taken.output)
        }
        let text = (0..<20_000).map { "number \($0 &* 2_654_435_761 % 9_973) " }.joined()
        let bytes = Array(text.utf8)
        let block = Block(
            cid: CID(v1: .raw, try HashFunction.sha2_256.multihash(of: bytes.span)), bytes: bytes)
        let worker = CompressWorker(
            compression: .auto, counters: IngestCounters(), input: input, output: output,
            meter: StageMeter(name: "compress", width: 1))
        try await worker.process(.blocks([block], .leaves))
        // What was there before comes out first.
        if taken.output > 0 { _ = try await output.receive() }
        let made = try #require(try await output.receive()).frames
        let builder = FrameBuilder(compression: .auto)
        try builder.append(block)
        #expect(made.map(\.stored) == [try builder.finish(inHaste: taken.inHaste).stored])
        try builder.append(block)
        #expect(made.map(\.stored) != [try builder.finish(inHaste: !taken.inHaste).stored])
    }
}
