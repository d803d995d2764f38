// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Multiformats
import Synchronization

/// Decides which blocks are new: without a durable place in the catalog, and not on their way into
/// a pack already.
///
/// A claimed block is known here until the pack that holds it is committed; from then on the
/// catalog knows it. So memory is bounded by what the unsealed packs hold.
final class BlockClaims: Sendable {
    /// Where the answers come from.
    enum Mode: Sendable {
        /// Ask the catalog, and remember claims until they are committed.
        case store(any Catalog)
        /// Ask the catalog, if there is one, and remember the last claims only: nothing is ever
        /// committed, and memory must not grow.
        case dryRun((any Catalog)?)
        /// Everything is new: only CIDs are wanted.
        case none
    }

    /// Claims that a dry run remembers before it forgets the older half.
    private static let dryRunLimit = 262_144

    private struct Claims {
        var current: Set<Claim> = []
        var older: Set<Claim> = []
        var reused: Set<PackID> = []
    }

    private let mode: Mode
    private let claims = Mutex(Claims())

    init(_ mode: Mode) { self.mode = mode }

    /// For each CID whether the caller is the first to bring its block, and so must store it.
    ///
    /// Blocks inlined in their CID are never new.
    func claim(_ cids: [CID]) async throws -> [Bool] {
        if case .none = mode { return cids.map { !$0.isInline } }
        var isNew = claims.withLock { claims in
            cids.map { cid in
                let claim = Claim(multihash: cid.multihashBytes)
                guard !cid.isInline, !claims.older.contains(claim) else { return false }
                return claims.current.insert(claim).inserted
            }
        }
        let catalog: (any Catalog)?
        switch mode {
        case .store(let theirs): catalog = theirs
        case .dryRun(let theirs): catalog = theirs
        case .none: catalog = nil
        }
        if let catalog { try await strikeKnown(cids, &isNew, in: catalog) }
        if case .dryRun = mode { forgetOldest() }
        return isNew
    }

    private func strikeKnown(
        _ cids: [CID], _ isNew: inout [Bool], in catalog: any Catalog
    ) async throws {
        let asked = cids.indices.filter { isNew[$0] }
        if asked.isEmpty { return }
        let places = try await catalog.durablePlaces(
            of: asked.map { Array(cids[$0].multihashBytes) })
        claims.withLock { claims in
            for (index, place) in zip(asked, places) {
                guard let place else { continue }
                isNew[index] = false
                claims.current.remove(Claim(multihash: cids[index].multihashBytes))
                claims.reused.insert(place.packID)
            }
        }
    }

    /// Whether all blocks are stored; the packs that hold them are reused from then on.
    func reuse(_ cids: [CID]) async throws -> Bool {
        let catalog: (any Catalog)?
        switch mode {
        case .store(let theirs): catalog = theirs
        case .dryRun(let theirs): catalog = theirs
        case .none: catalog = nil
        }
        let asked = cids.filter { !$0.isInline }.map { Array($0.multihashBytes) }
        guard let catalog, !asked.isEmpty else { return true }
        let places = try await catalog.durablePlaces(of: asked)
        claims.withLock { claims in
            for place in places { if let place { claims.reused.insert(place.packID) } }
        }
        return places.allSatisfy { $0 != nil }
    }

    /// The packs of earlier runs that hold blocks which were not stored again.
    ///
    /// Garbage collection must know of them: a commit names them as reused.
    var reusedPacks: [PackID] { claims.withLock { Array($0.reused) } }

    /// Forgets claims whose blocks the catalog knows by now.
    func release(_ multihashes: [ArraySlice<UInt8>]) {
        claims.withLock { claims in
            for multihash in multihashes { claims.current.remove(Claim(multihash: multihash)) }
        }
    }

    private func forgetOldest() {
        claims.withLock { claims in
            guard claims.current.count > Self.dryRunLimit else { return }
            claims.older = claims.current
            claims.current = []
        }
    }
}

/// A multihash that is hashed by its last bytes.
///
/// All of it goes through the hasher byte by byte, which was 3 % of an ingest of small files. The
/// digests here are of this machine's own files: blocks that share eight bytes of a digest take
/// 2^32 tries a pair.
private struct Claim: Hashable {
    private static let hashedByteCount = 8

    let multihash: ArraySlice<UInt8>

    func hash(into hasher: inout Hasher) {
        var word: UInt64 = 0
        for byte in multihash.suffix(Self.hashedByteCount) { word = word << 8 | UInt64(byte) }
        hasher.combine(word)
    }
}

extension CID {
    /// Whether the block is held by the CID itself (identity multihash).
    var isInline: Bool { multihashBytes.first == 0x00 }
}
