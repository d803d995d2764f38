// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats

/// Which blocks were reached, and which of them are still to be read for their links.
///
/// A bit for each block that can have links and is not yet read, and a bit for each block of a pack
/// that holds a block which was reached: memory is that, and some hundred bytes for each pack.
///
/// Blocks are told apart by the codec of the link that reached them: the same bytes can be a leaf
/// to one link and a node to another, wherever they are stored. As most packs are reached by one
/// codec, this costs nothing.
struct MarkTable {
    /// What one codec's links reached in one pack.
    struct Layer {
        /// The codec; ``MarkTable/leaf`` for all that have no links.
        let codec: Multicodec
        /// The blocks that were reached.
        var reached: BlockBitmap
        /// Those that are still to be read; empty for a codec without links.
        var pending: BlockBitmap
        /// How many are still to be read.
        var pendingCount = 0
    }

    /// What was reached in one pack.
    struct Pack {
        var record: PackRecord
        var layers: [Layer] = []
    }

    /// Blocks of one pack and codec that wait to be read.
    struct Task: Hashable {
        let pack: Int
        let layer: Int
    }

    /// The codec of layers whose blocks have no links, or are not to be followed.
    static let leaf = Multicodec.raw

    private(set) var packs: [Pack] = []
    private var numbers: [PackID: Int] = [:]
    /// By their packs: those of nodes first, of these the newest first.
    private var waiting: Set<Task> = []
    /// How many blocks were reached, each once for each codec.
    private(set) var reachedCount = 0

    /// The number of a pack, if it is in the table.
    func number(of id: PackID) -> Int? { numbers[id] }

    /// Adds a pack of which nothing was reached, or takes over what has changed about it.
    mutating func add(_ record: PackRecord) {
        if let number = numbers[record.id] {
            packs[number].record = record
        } else {
            numbers[record.id] = packs.count
            packs.append(Pack(record: record))
        }
    }

    /// Notes that a link of `codec` reached a block.
    ///
    /// - Returns: whether no link of that codec had reached it before.
    @discardableResult
    mutating func reach(_ ordinal: Int, of number: Int, by codec: Multicodec) -> Bool {
        let codec = codec.hasLinks ? codec : Self.leaf
        let layer = layer(of: codec, in: number)
        guard packs[number].layers[layer].reached.insert(ordinal) else { return false }
        reachedCount += 1
        guard codec != Self.leaf else { return true }
        packs[number].layers[layer].pending.insert(ordinal)
        packs[number].layers[layer].pendingCount += 1
        waiting.insert(Task(pack: number, layer: layer))
        return true
    }

    /// Whether a link of `codec` reached a block.
    func isReached(_ ordinal: Int, of number: Int, by codec: Multicodec) -> Bool {
        let codec = codec.hasLinks ? codec : Self.leaf
        return packs[number].layers.contains { $0.codec == codec && $0.reached.contains(ordinal) }
    }

    /// All blocks of a pack that any link reached.
    func live(in number: Int) -> BlockBitmap {
        var live = BlockBitmap(count: packs[number].record.blockCount)
        for layer in packs[number].layers { live.formUnion(layer.reached) }
        return live
    }

    /// Where blocks wait to be read.
    ///
    /// Packs of nodes come first, and the newest of them: what a DAG links to was mostly stored
    /// before it, so by the time an old pack's turn comes most links into it are known, and it is
    /// read through once. In packs of leaves, next to nothing needs to be read.
    func nextTask() -> Task? {
        waiting.max { left, right in order(left) < order(right) }
    }

    private func order(_ task: Task) -> (Int, PackID, Int) {
        let record = packs[task.pack].record
        return (record.kind == .nodes ? 1 : 0, record.id, task.layer)
    }

    /// The codec of blocks that wait.
    func codec(of task: Task) -> Multicodec { packs[task.pack].layers[task.layer].codec }

    /// Takes the next waiting block in the direction of `sweep`.
    mutating func take(_ task: Task, _ sweep: inout Sweep) -> Int? {
        guard packs[task.pack].layers[task.layer].pendingCount > 0 else {
            waiting.remove(task)
            return nil
        }
        guard let ordinal = sweep.next(in: packs[task.pack].layers[task.layer].pending) else {
            return nil
        }
        packs[task.pack].layers[task.layer].pending.remove(ordinal)
        packs[task.pack].layers[task.layer].pendingCount -= 1
        return ordinal
    }

    private mutating func layer(of codec: Multicodec, in number: Int) -> Int {
        if let known = packs[number].layers.firstIndex(where: { $0.codec == codec }) {
            return known
        }
        let count = packs[number].record.blockCount
        packs[number].layers.append(
            Layer(
                codec: codec, reached: BlockBitmap(count: count),
                pending: BlockBitmap(count: codec == Self.leaf ? 0 : count)))
        return packs[number].layers.count - 1
    }
}

/// Goes to and fro over a pack, as a lift does, so that neighbours are read one after the other
/// whichever way their links point.
struct Sweep {
    private var position: Int
    private var isDescending = true
    private let count: Int

    /// Begins at the end of a pack of `count` blocks: ingests store a node after its children.
    init(count: Int) {
        self.count = count
        position = count - 1
    }

    /// The nearest block ahead, or behind if there is none ahead.
    mutating func next(in pending: BlockBitmap) -> Int? {
        for _ in 0..<2 {
            let found =
                isDescending
                ? pending.previous(atOrBefore: position) : pending.next(atOrAfter: position)
            if let found {
                position = found
                return found
            }
            isDescending.toggle()
            position = isDescending ? count - 1 : 0
        }
        return nil
    }
}

extension Multicodec {
    /// Whether blocks of this codec can have links that this program knows to read.
    var hasLinks: Bool { self == .dagPB || self == .dagCBOR || self == .dagJSON }
}
