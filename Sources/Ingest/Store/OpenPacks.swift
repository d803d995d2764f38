// SPDX-License-Identifier: Apache-2.0

import BlockStore
import PackStore
import Pipeline
import Repository

/// The packs that are being written: one for leaves, one for nodes.
///
/// Calls may block.
///
/// Dropped without ``finish()`` or ``abandon()`` it leaves parts that the next run salvages.
struct OpenPacks: ~Copyable {
    private let session: RepositorySession
    private let output: BoundedChannel<FinishedPack>
    private let meter: StageMeter
    private var leaves: PackWriter?
    private var nodes: PackWriter?

    init(
        session: RepositorySession, output: BoundedChannel<FinishedPack>, meter: StageMeter
    ) {
        self.session = session
        self.output = output
        self.meter = meter
    }

    /// Appends frames, beginning a new pack where one is full.
    mutating func append(_ batch: FrameBatch) async throws {
        for frame in batch.frames {
            switch batch.kind {
            case .leaves:
                try await pass(try Self.makeRoom(for: frame, .leaves, in: &leaves, session))
                try meter.working { try leaves?.append(frame) }
            case .nodes:
                try await pass(try Self.makeRoom(for: frame, .nodes, in: &nodes, session))
                try meter.working { try nodes?.append(frame) }
            }
        }
        meter.count(items: batch.frames.count, bytes: batch.storedByteCount)
    }

    /// Begins a pack if none is open or the open one is full; returns the full one.
    private static func makeRoom(
        for frame: Frame, _ kind: PackKind, in slot: inout PackWriter?,
        _ session: RepositorySession
    ) throws -> FinishedPack? {
        if slot?.hasRoom(for: frame) == true { return nil }
        let full = try slot.take()?.finish()
        slot = try session.beginPack(kind: kind)
        return full
    }

    private func pass(_ pack: FinishedPack?) async throws {
        if let pack { try await meter.send(pack, weight: 1, to: output) }
    }

    /// Ends the packs that are open and passes them on to be sealed.
    mutating func finish() async throws {
        try await pass(try leaves.take()?.finish())
        try await pass(try nodes.take()?.finish())
    }

    /// Removes the packs that are open.
    mutating func abandon() {
        if let writer = leaves.take() { writer.abandon() }
        if let writer = nodes.take() { writer.abandon() }
    }
}
