// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import FileIO
public import IPLD
public import Multiformats
import PackStore

/// The blocks of a repository: the catalog says where they lie, the packs hold them.
///
/// What comes out hashes to its CID (promise P6).
public struct RepositoryBlocks: BlockStore {
    private let repository: Repository

    init(repository: Repository) { self.repository = repository }

    /// The block that `cid` names.
    ///
    /// - Throws: ``BlockStoreError`` with the CID; `CatalogError`.
    public func block(_ cid: CID) async throws -> Block {
        if let inlined = cid.inlineBlock { return inlined }
        let multihash = Array(cid.multihashBytes)
        guard let place = try await repository.catalog.places(of: [multihash])[0] else {
            throw BlockStoreError.notFound(cid)
        }
        do {
            return try await repository.packs.block(
                in: place.packID, tier: try await repository.tier(of: place.packID),
                ordinal: Int(place.ordinal), expecting: cid)
        } catch let error as PackError {
            let code: BlockStoreError.Code =
                switch error.code {
                case .notFound: .notFound
                case .damaged, .otherBlock, .tooLarge, .unsupported: .corrupt
                case .exists, .noSpace, .closed, .io: .failed
                }
            throw BlockStoreError(
                code, cid: cid, message: "\(error); run `cairn verify`", cause: error)
        }
    }

    /// Whether each block is there.
    public func contains(_ cids: [CID]) async throws -> [Bool] {
        let known = try await repository.catalog.contains(
            cids.map { Array($0.multihashBytes) })
        return zip(cids, known).map { $1 || $0.inlineBlock != nil }
    }

    /// Stores `blocks` in packs of their own, durably.
    ///
    /// For a few blocks at a time; many go through an ingest or an import.
    public func put(_ blocks: [Block]) async throws {
        for block in blocks { try block.verify() }
        let stored = try await contains(blocks.map(\.cid))
        var seen: Set<[UInt8]> = []
        let new = zip(blocks, stored).filter { !$1 }.map(\.0).filter {
            seen.insert(Array($0.cid.multihashBytes)).inserted
        }
        for kind in [PackKind.leaves, .nodes] {
            let ofKind = new.filter { $0.packKind == kind }
            guard !ofKind.isEmpty else { continue }
            let sealed = try await BlockingPool.shared.run { [repository] in
                var writer = try repository.beginPack(kind: kind)
                for block in ofKind {
                    try writer.append(try FrameBuilder.frame(of: [block], compression: .default))
                }
                return try writer.finish().seal()
            }
            try await repository.commit(sealed)
        }
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
