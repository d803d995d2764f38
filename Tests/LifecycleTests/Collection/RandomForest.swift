// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import TestSupport

/// DAGs that share parts, spread over packs as badly as can be, all from a seed.
struct RandomForest {
    /// Every block, each once.
    private(set) var blocks: [Block] = []
    /// The packs in which they are stored; some blocks are in several.
    private(set) var packs: [(kind: PackKind, blocks: [Block])] = []
    /// Blocks that snapshots are to name.
    private(set) var roots: [CID] = []
    private var byMultihash: [ArraySlice<UInt8>: [UInt8]] = [:]

    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        try grow(using: &generator)
        try disguise(using: &generator)
        for block in blocks { byMultihash[block.cid.multihashBytes] = block.bytes }
        spread(using: &generator)
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            if let root = blocks.randomElement(using: &generator) { roots.append(root.cid) }
        }
    }

    /// What roots reach, by a plain walk over a dictionary.
    func reachable(from roots: [CID]) throws -> Set<ArraySlice<UInt8>> {
        var seen: Set<CID> = []
        var open = roots
        while let cid = open.popLast() {
            guard seen.insert(CID(v1: cid.codec, cid.multihash)).inserted,
                let bytes = byMultihash[cid.multihashBytes]
            else { continue }
            open += try IPLDCodec.links(of: Block(cid: cid, bytes: bytes))
        }
        return Set(seen.map(\.multihashBytes))
    }

    /// Leaves first, then nodes over what there is.
    private mutating func grow(using generator: inout SeededGenerator) throws {
        let leafCount = Int.random(in: 1...40, using: &generator)
        for number in 0..<leafCount { blocks.append(try CollectionScene.leaf("leaf \(number)")) }
        for number in 0..<Int.random(in: 0...60, using: &generator) {
            var children: [CID] = []
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                if let child = blocks.randomElement(using: &generator) {
                    children.append(child.cid)
                }
            }
            let isRecord = Int.random(in: 0..<4, using: &generator) == 0
            blocks.append(
                isRecord
                    ? try CollectionScene.record(children, "record \(number)")
                    : try CollectionScene.node(children, "node \(number)"))
        }
    }

    /// Nodes that link to other nodes by another codec: as raw bytes, which are a leaf then.
    private mutating func disguise(using generator: inout SeededGenerator) throws {
        for number in 0..<Int.random(in: 0...4, using: &generator) {
            guard let hidden = blocks.randomElement(using: &generator) else { return }
            let cid = CID(v1: .raw, hidden.cid.multihash)
            blocks.append(try CollectionScene.node([cid], "disguise \(number)"))
        }
    }

    private mutating func spread(using generator: inout SeededGenerator) {
        let count = Int.random(in: 1...5, using: &generator)
        var piles = Array(repeating: (leaves: [Block](), nodes: [Block]()), count: count)
        for block in blocks.shuffled(using: &generator) {
            let copies = Int.random(in: 0..<5, using: &generator) == 0 ? 2 : 1
            for _ in 0..<copies {
                let pile = Int.random(in: 0..<count, using: &generator)
                // Some nodes are first met as the bytes of files, and so lie among leaves.
                let asBytes = Int.random(in: 0..<8, using: &generator) == 0
                if block.cid.codec == .raw || asBytes {
                    let cid = CID(v1: .raw, block.cid.multihash)
                    piles[pile].leaves.append(Block(cid: cid, bytes: block.bytes))
                } else {
                    piles[pile].nodes.append(block)
                }
            }
        }
        for pile in piles {
            if !pile.leaves.isEmpty { packs.append((.leaves, pile.leaves)) }
            if !pile.nodes.isEmpty { packs.append((.nodes, pile.nodes)) }
        }
    }
}
