// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import FileIO
public import IPLD
public import Multiformats
package import PackStore
import Synchronization

/// The blocks of a repository: the catalog says where they lie, the packs hold them.
///
/// What comes out hashes to its CID (promise P6). A block that is bad where it lies goes into
/// quarantine, and is read from another place, from a copy of its pack in another tier, or got by
/// the ``Rescue``, if there is one.
public struct RepositoryBlocks: BlockStore {
    let repository: Repository
    let rescue: Rescue?

    init(repository: Repository, rescue: Rescue? = nil) {
        self.repository = repository
        self.rescue = rescue
    }

    /// The same blocks; those that are lost here are got by `rescue`.
    public func rescued(by rescue: @escaping Rescue) -> RepositoryBlocks {
        RepositoryBlocks(repository: repository, rescue: rescue)
    }

    /// The block that `cid` names.
    ///
    /// - Throws: ``BlockStoreError`` with the CID; `CatalogError`.
    public func block(_ cid: CID) async throws -> Block {
        if let inlined = cid.inlineBlock { return inlined }
        let multihash = Array(cid.multihashBytes)
        guard let place = try await repository.catalog.places(of: [multihash])[0] else {
            throw BlockStoreError.notFound(cid)
        }
        let found = Mutex<Block?>(nil)
        try await read([WantedBlock(ordinal: Int(place.ordinal), cid: cid, index: 0)], place.packID)
        { _, block in found.withLock { $0 = block } }
        guard let block = found.withLock({ $0 }) else { throw BlockStoreError.notFound(cid) }
        return block
    }

    /// Reads blocks of one pack, each of them another way where that fails.
    private func read(
        _ wanted: [WantedBlock], _ pack: PackID,
        _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws {
        let failures = Mutex<[FailedRead]>([])
        do {
            let tier = try await repository.tier(of: pack)
            try await repository.packs.read(wanted, of: pack, tier: tier) { wanted, result in
                switch result {
                case .success(let block): try body(wanted.index, block)
                case .failure(let error):
                    failures.withLock { $0.append(FailedRead(wanted, pack, error)) }
                }
            }
        } catch let error as PackError {
            failures.withLock { $0 = wanted.map { FailedRead($0, pack, error) } }
        } catch let error as RepositoryError where error.code == .needsReindex {
            // GC has removed the pack since it was looked up.
            let gone = PackError(.notFound, pack: pack, message: error.message)
            failures.withLock { $0 = wanted.map { FailedRead($0, pack, gone) } }
        }
        let all = failures.withLock { $0 }
        if !all.isEmpty { try await recover(all, body) }
    }

    /// Hands the block of each of `cids` to `body`, pack by pack and in the order in which they
    /// lie there.
    ///
    /// One query of the catalog, and each frame is decompressed once as a rule; memory is that of
    /// one block and one frame.
    /// - Throws: ``BlockStoreError`` with the CID; `CatalogError`; what `body` throws.
    public func forEachBlock(
        _ cids: [CID], _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws {
        let stored = cids.indices.filter { cids[$0].inlineBlock == nil }
        let places = try await repository.catalog.places(
            of: stored.map { Array(cids[$0].multihashBytes) })
        var packs: [PackID: [WantedBlock]] = [:]
        for (index, place) in zip(stored, places) {
            guard let place else { throw BlockStoreError.notFound(cids[index]) }
            packs[place.packID, default: []].append(
                WantedBlock(ordinal: Int(place.ordinal), cid: cids[index], index: index))
        }
        for (index, cid) in cids.enumerated() {
            if let inlined = cid.inlineBlock { try body(index, inlined) }
        }
        for (pack, wanted) in packs { try await read(wanted, pack, body) }
    }

    /// Whether each block is there.
    public func contains(_ cids: [CID]) async throws -> [Bool] {
        let known = try await repository.catalog.contains(
            cids.map { Array($0.multihashBytes) })
        return zip(cids, known).map { $1 || $0.inlineBlock != nil }
    }

    /// The length of each block, from the indexes of the packs.
    public func byteCounts(of cids: [CID]) async throws -> [Int?] {
        let places = try await repository.catalog.places(
            of: cids.map { Array($0.multihashBytes) })
        var byteCounts: [Int?] = cids.map { $0.inlineBlock?.bytes.count }
        var packs: [PackID: [(index: Int, ordinal: Int)]] = [:]
        for (index, place) in places.enumerated() where byteCounts[index] == nil {
            guard let place else { continue }
            packs[place.packID, default: []].append((index, Int(place.ordinal)))
        }
        for (pack, wanted) in packs {
            do {
                let found = try await repository.packs.byteCounts(
                    ofBlocks: wanted.map(\.ordinal), of: pack,
                    tier: try await repository.tier(of: pack))
                for (block, byteCount) in zip(wanted, found) { byteCounts[block.index] = byteCount }
            } catch let error as PackError {
                // A pack that is gone or damaged has no blocks to tell of.
                guard error.code == .notFound || error.code == .damaged else {
                    throw BlockStoreError(error, cids[wanted[0].index])
                }
            }
        }
        return byteCounts
    }

    /// Stores `blocks` in packs of their own, durably.
    ///
    /// For a few blocks at a time; many go through an ingest or an import.
    public func put(_ blocks: [Block]) async throws { try await put(blocks, into: .hot) }

    /// Stores `blocks` in packs of their own in `tier`, durably, small neighbours in one frame.
    ///
    /// - Throws: as ``put(_:)``.
    public func put(_ blocks: [Block], into tier: PackTier) async throws {
        for block in blocks { try block.verify() }
        let stored = try await isStored(blocks.map(\.cid), for: tier)
        var seen: Set<[UInt8]> = []
        let new = zip(blocks, stored).filter { !$1 }.map(\.0).filter {
            seen.insert(Array($0.cid.multihashBytes)).inserted
        }
        let packs = try await BlockingPool.shared.run { [repository] in
            try repository.sealPacks(of: new, in: tier)
        }
        for pack in packs { try await repository.commit(pack) }
    }

    /// The most bytes of packs that ``put(_:into:)`` writes for `blocks`.
    public static func storedByteCountBound(of blocks: [Block]) -> Int64 {
        PackStore.storedByteCountBound(of: blocks, packCount: PackKind.allCases.count)
    }
}

extension Repository {
    /// Writes `blocks` into packs of their own, small neighbours in one frame, and seals these;
    /// the caller commits them.
    ///
    /// Blocks; call on a thread that may.
    /// - Throws: `PackError`.
    package func sealPacks(of blocks: [Block], in tier: PackTier) throws -> [SealedPack] {
        var sealed: [SealedPack] = []
        for kind in [PackKind.leaves, .nodes] {
            let ofKind = blocks.filter { $0.packKind == kind }
            guard !ofKind.isEmpty else { continue }
            var writer = try packs.writer(kind: kind, tier: tier)
            let frame = FrameBuilder(compression: .default)
            for block in ofKind {
                if frame.blockCount > 0,
                    frame.contentByteCount + block.bytes.count > frame.targetByteCount
                {
                    try writer.append(try frame.finish())
                }
                // A peer may send anything: only what was ingested here has snapshots.
                let isRecord = tier == .hot && Repository.isRecord(block)
                try frame.append(block, flags: isRecord ? .snapshotRecord : [])
            }
            try writer.append(try frame.finish())
            sealed.append(try writer.finish().seal())
        }
        return sealed
    }
}

extension RepositoryBlocks {
    /// Whether each block need not be stored in `tier`: what lies in the `cache` tier alone, or is
    /// bad, does not count in another.
    private func isStored(_ cids: [CID], for tier: PackTier) async throws -> [Bool] {
        guard tier != .cache else { return try await contains(cids) }
        let places = try await repository.catalog.durablePlaces(
            of: cids.map { Array($0.multihashBytes) })
        return zip(cids, places).map { $0.inlineBlock != nil || $1 != nil }
    }
}

extension Block {
    /// The kind of pack that the block belongs in: a block in a pack of leaves has no links.
    public var packKind: PackKind {
        if cid.codec == .raw { return .leaves }
        // What cannot be read may have links that a newer program understands.
        guard let links = try? IPLDCodec.links(of: self) else { return .nodes }
        return links.isEmpty && cid.codec == .dagPB ? .leaves : .nodes
    }
}

extension BlockStoreError {
    /// What a failure of a pack means for whoever wanted the block.
    init(_ error: PackError, _ cid: CID) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .damaged, .otherBlock, .tooLarge, .unsupported: .corrupt
            case .exists, .noSpace, .closed, .io, .unreachable: .failed
            }
        // What a store refuses is not mended by a repair, and its message says what to do.
        let isRefused = code == .failed && !error.isOfBlock
        let remedy = isRefused ? "" : "; run `cairn repair`"
        self.init(code, cid: cid, message: "\(error)\(remedy)", cause: error)
    }
}
