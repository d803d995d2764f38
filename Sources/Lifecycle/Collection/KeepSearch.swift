// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Catalog
import IPLD
public import Multiformats
import PackStore
public import Repository

/// Why a block is kept.
public enum KeepReason: Sendable {
    /// A root reaches it.
    case root(KeepPath)
    /// A run stored it that has not ended, or not long ago without a snapshot; the session's id.
    case session(String, isAlive: Bool, pack: PackID)
    /// It lies in the cache alone, which goes by use.
    case cache(PackID)
    /// Nothing: the next collection may free it.
    case nothing(PackID)
    /// It is not in the store.
    case notHere
    /// The CID holds the block itself.
    case inline
}

/// The way from a root to a block.
public struct KeepPath: Sendable {
    /// One link of the way.
    public struct Step: Sendable {
        /// What the link is called, as the bytes of a name; nil for a part of a file or shard.
        public let name: [UInt8]?
        /// Where it leads.
        public let cid: CID
    }

    /// Where it begins.
    public let root: CatalogRoot
    /// The root's CID.
    public let cid: CID
    /// The links, first to last; none if the block is the root itself.
    public let steps: [Step]

    /// The names of the links, "/" between them, as text.
    public var names: String {
        steps.compactMap { $0.name.map { String(decoding: $0, as: UTF8.self) } }
            .joined(separator: "/")
    }
}

extension CatalogRoot.Origin {
    /// Where people look first: snapshots, then pins.
    fileprivate var order: Int {
        switch self {
        case .snapshot: 0
        case .pin: 1
        case .record: 2
        }
    }
}

/// Finds out what keeps a block: what `cairn why` does.
///
/// Goes down from each root in turn, the newest first, depth first; a node that one root's walk
/// has been at is not visited again. Leaves are not read. Memory is a bit for each block that was
/// visited, and the links of one way down.
public final class KeepSearch {
    private let repository: Repository
    private let packs: PackStore
    private var table = MarkTable()

    /// A search in `repository`.
    public init(_ repository: Repository) {
        self.repository = repository
        packs = repository.packs
    }

    /// Why the block that `cid` names is kept; of several reasons the first that is found.
    ///
    /// - Throws: `CatalogError`; blocks that are missing or bad below a root are passed over.
    public func reason(for cid: CID) async throws -> KeepReason {
        if cid.inlineBlock != nil { return .inline }
        let catalog = repository.catalog
        guard let place = try await catalog.places(of: [Array(cid.multihashBytes)])[0] else {
            return .notHere
        }
        let roots = try await catalog.roots().roots.reversed()
        // Stable: what is newer stays in front of its kind.
        for root in roots.sorted(by: { $0.origin.order < $1.origin.order }) {
            try Task.checkCancellation()
            guard let rootCID = try? CID(root.cid) else { continue }  // `cairn verify` tells
            if let path = try await path(from: root, rootCID, to: cid) { return .root(path) }
        }
        return try await unrooted(place)
    }

    private func unrooted(_ place: BlockPlace) async throws -> KeepReason {
        guard let pack = try await repository.catalog.pack(place.packID) else { return .notHere }
        if pack.tier == .cache { return .cache(pack.id) }
        guard let session = pack.sessionID else { return .nothing(pack.id) }
        let alive = try await repository.catalog.sessions().contains { $0.id == session }
        return .session(session, isAlive: alive, pack: pack.id)
    }

    private struct Level {
        var links: [KeepPath.Step]
        var position = 0
    }

    private func path(
        from root: CatalogRoot, _ rootCID: CID, to target: CID
    ) async throws -> KeepPath? {
        if rootCID.multihashBytes == target.multihashBytes {
            return KeepPath(root: root, cid: rootCID, steps: [])
        }
        guard root.isRecursive, try await isNew([rootCID])[0] else { return nil }
        var way: [KeepPath.Step] = []
        var levels = [Level(links: try await links(of: rootCID))]
        while var level = levels.popLast() {
            // A level is looked at as a whole before the walk goes deeper.
            if level.position == 0 {
                if let found = level.links.first(where: {
                    $0.cid.multihashBytes == target.multihashBytes
                }) {
                    return KeepPath(root: root, cid: rootCID, steps: way + [found])
                }
                let isNew = try await isNew(level.links.map(\.cid))
                level.links = zip(level.links, isNew).filter(\.1).map(\.0)
            }
            guard level.position < level.links.count else {
                _ = way.popLast()
                continue
            }
            try Task.checkCancellation()
            let step = level.links[level.position]
            level.position += 1
            levels.append(level)
            way.append(step)
            levels.append(Level(links: try await links(of: step.cid)))
        }
        return nil
    }

    /// For each CID whether its links are still to be followed; they are then noted as being so.
    private func isNew(_ cids: [CID]) async throws -> [Bool] {
        var isNew = cids.map { $0.codec.hasLinks && $0.inlineBlock != nil }
        let asked = cids.indices.filter { cids[$0].codec.hasLinks && !isNew[$0] }
        let places = try await repository.catalog.places(
            of: asked.map { Array(cids[$0].multihashBytes) })
        for (index, place) in zip(asked, places) {
            guard let place, let number = try await number(of: place) else { continue }
            guard table.reach(Int(place.ordinal), of: number, by: cids[index].codec) else {
                continue
            }
            isNew[index] = try await mayHaveLinks(cids[index], at: place, number)
        }
        return isNew
    }

    private func number(of place: BlockPlace) async throws -> Int? {
        if table.number(of: place.packID) == nil {
            guard let record = try await repository.catalog.pack(place.packID) else { return nil }
            table.add(record)
        }
        guard let number = table.number(of: place.packID),
            Int(place.ordinal) < table.packs[number].record.blockCount
        else { return nil }
        return number
    }

    /// Decision 0002: what was stored as a leaf has no links, read as what it was.
    private func mayHaveLinks(
        _ cid: CID, at place: BlockPlace, _ number: Int
    ) async throws -> Bool {
        let record = table.packs[number].record
        guard record.kind == .leaves else { return true }
        // A pack that cannot be read is no reason to stop: its block cannot be read either.
        let stored = try? await packs.cids(
            ofBlocks: [Int(place.ordinal)], of: record.id, tier: record.tier)
        return stored?.first?.codec != cid.codec
    }

    /// The links of a block with their names; none if it cannot be read, which verify tells.
    private func links(of cid: CID) async throws -> [KeepPath.Step] {
        let block: Block
        do { block = try await repository.blocks.block(cid) } catch is BlockStoreError {
            return []
        }
        return NamedLinks.of(block)
    }
}
