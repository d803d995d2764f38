// SPDX-License-Identifier: Apache-2.0

import BlockStore
import PackStore
import Pipeline
import Repository

/// The packs that are being written: one for leaves, one for nodes. Calls may block.
///
/// Dropped without ``finish()`` or ``abandon()`` it leaves parts that the next run salvages.
struct OpenPacks: ~Copyable {
    private let repository: Repository
    private let output: BoundedChannel<FinishedPack>
    private let meter: StageMeter
    private var leaves: PackWriter?
    private var nodes: PackWriter?

    init(repository: Repository, output: BoundedChannel<FinishedPack>, meter: StageMeter) {
        self.repository = repository
        self.output = output
        self.meter = meter
    }

    /// Appends frames, beginning a new pack where one is full.
    mutating func append(_ batch: FrameBatch) async throws {
        switch batch.kind {
        case .leaves: try await append(batch, to: &leaves)
        case .nodes: try await append(batch, to: &nodes)
        }
        meter.count(items: batch.frames.count, bytes: batch.storedByteCount)
    }

    private func append(_ batch: FrameBatch, to slot: inout PackWriter?) async throws {
        for frame in batch.frames {
            try await makeRoom(for: frame, batch.kind, in: &slot)
            try meter.working { try slot?.append(frame) }
        }
    }

    private func makeRoom(
        for frame: Frame, _ kind: PackKind, in slot: inout PackWriter?
    ) async throws {
        if let hasRoom = slot?.hasRoom(for: frame) {
            if hasRoom { return }
            try await finish(&slot)
        }
        slot = try repository.beginPack(kind: kind)
    }

    private func finish(_ slot: inout PackWriter?) async throws {
        guard let writer = slot.take() else { return }
        let pack = try writer.finish()
        try await meter.send(pack, weight: 1, to: output)
    }

    /// Ends the packs that are open and passes them on to be sealed.
    mutating func finish() async throws {
        try await finish(&leaves)
        try await finish(&nodes)
    }

    /// Removes the packs that are open.
    mutating func abandon() {
        if let writer = leaves.take() { writer.abandon() }
        if let writer = nodes.take() { writer.abandon() }
    }
}
