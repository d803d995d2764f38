// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
public import IPLD
public import Multiformats
import ObjectStore
import PackStore

extension RepositoryBlocks {
    /// Gets a block from outside the repository; nil if it cannot be had.
    ///
    /// What it gives is checked, and stored if it is right.
    public typealias Rescue = @Sendable (CID) async throws -> Block?

    /// A block that could not be read where the catalog says that it lies.
    struct FailedRead: Sendable {
        let index: Int
        let cid: CID
        let place: BlockPlace
        let error: PackError

        init(_ wanted: WantedBlock, _ pack: PackID, _ error: PackError) {
            index = wanted.index
            cid = wanted.cid
            place = BlockPlace(packID: pack, ordinal: UInt32(wanted.ordinal))
            self.error = error
        }
    }

    /// How often a block is looked up anew: it may have been moved again and again meanwhile.
    private static var attemptLimit: Int { 8 }
    /// Bytes of rescued blocks that are stored together.
    private static var rescuedByteLimit: Int { 8 << 20 }

    /// Reads blocks another way: where they have been moved, from a second place or a copy of their
    /// pack in another tier, or by the rescue.
    ///
    /// Bad blocks go into quarantine, all in one transaction. What the rescue gives is stored.
    /// - Throws: ``BlockStoreError`` with the first CID that cannot be had.
    func recover(
        _ failures: [FailedRead], _ body: (_ index: Int, Block) throws -> Void
    ) async throws {
        await repository.quarantine(failures.filter(\.error.isOfBlock).map(\.place))
        var rescued: [Block] = []
        var byteCount = 0
        do {
            for failure in failures {
                try Task.checkCancellation()
                let (block, isRescued) = try await recover(failure)
                try body(failure.index, block)
                guard isRescued else { continue }
                rescued.append(block)
                byteCount += block.bytes.count
                if byteCount >= Self.rescuedByteLimit {
                    await keep(&rescued)
                    byteCount = 0
                }
            }
        } catch {
            await keep(&rescued)
            throw error
        }
        await keep(&rescued)
    }

    private func recover(_ failure: FailedRead) async throws -> (Block, isRescued: Bool) {
        var (place, error) = (failure.place, failure.error)
        var tried: Set<Attempt> = []
        for _ in 0..<Self.attemptLimit {
            // Where it is now: GC may have rewritten the pack, a move may have taken it elsewhere.
            repository.forgetPlace(of: place.packID)
            let multihash = Array(failure.cid.multihashBytes)
            guard let next = try await repository.catalog.places(of: [multihash])[0] else { break }
            var isNew = false
            for tier in try await tiers(of: next.packID)
            where tried.insert(Attempt(place: next, tier: tier)).inserted {
                isNew = true
                do {
                    let block = try await repository.packs.block(
                        in: next.packID, tier: tier, ordinal: Int(next.ordinal),
                        expecting: failure.cid)
                    return (block, false)
                } catch let other as PackError {
                    (place, error) = (next, other)
                    if other.isOfBlock, next != failure.place {
                        await repository.quarantine([next])
                    }
                }
            }
            if !isNew { break }
        }
        if let block = try await askRescue(failure.cid) { return (block, true) }
        throw BlockStoreError(error, failure.cid)
    }

    /// The tiers that have the pack, the one that reads use first; none if it was removed.
    private func tiers(of pack: PackID) async throws -> [PackTier] {
        do { return try await repository.places(ofPack: pack) } catch let error as RepositoryError {
            guard error.code == .needsReindex else { throw error }
            return []
        }
    }

    /// The block, if the rescue has it; a wrong answer, or a failure, is as good as none.
    private func askRescue(_ cid: CID) async throws -> Block? {
        guard let rescue else { return nil }
        do {
            guard let block = try await rescue(cid) else { return nil }
            let named = Block(cid: cid, bytes: block.bytes)
            try named.verify()
            return named
        } catch {
            if error is CancellationError { throw error }
            return nil
        }
    }

    private struct Attempt: Hashable {
        let place: BlockPlace
        let tier: PackTier
    }

    /// Stores rescued blocks; who reads them has them even if that fails.
    private func keep(_ blocks: inout [Block]) async {
        guard !blocks.isEmpty else { return }
        try? await put(blocks)  // the next read, or `cairn repair`, tries again
        blocks = []
    }
}

extension PackError {
    /// Whether the block itself is to blame, and not the pack's place or the way to it.
    var isOfBlock: Bool {
        switch code {
        case .damaged, .otherBlock, .tooLarge: true
        // A sector that cannot be read: what it held is as good as gone.
        case .io: (cause as? ObjectStoreError)?.code == .device
        default: false
        }
    }
}
