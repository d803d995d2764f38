// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Multiformats
import ObjectStore

/// Something in a pack that is not as it must be.
public struct PackDamage: Hashable, Sendable, CustomStringConvertible {
    /// Where the damage is.
    public enum Place: Hashable, Sendable {
        /// The index, or what leads to it; the blocks may be sound.
        case index
        /// The seek table; Cairn reads blocks without it.
        case seekTable
        /// A frame, and so all blocks in it that are not named themselves; nil if frames can no
        /// longer be told apart.
        case frame(Int?)
        /// A block, by its ordinal if the index is sound.
        case block(ordinal: Int?, CID)
    }

    /// Where the damage is.
    public let place: Place
    /// What was found, for people.
    public let reason: String

    /// "frame 3: zstd: checksum error".
    public var description: String {
        switch place {
        case .index: "index: \(reason)"
        case .seekTable: "seek table: \(reason)"
        case .frame(let frame): frame.map { "frame \($0): \(reason)" } ?? reason
        case .block(let ordinal, let cid):
            ordinal.map { "block \($0), \(cid): \(reason)" } ?? "block \(cid): \(reason)"
        }
    }
}

/// What a walk over a whole pack found.
public struct PackVerification: Sendable {
    /// The pack's name.
    public let id: PackID
    /// The blocks whose bytes match their CIDs.
    public private(set) var soundBlockCount = 0
    /// The bytes of those blocks.
    public private(set) var soundByteCount: Int64 = 0
    /// All that is wrong, in the order of the file.
    public private(set) var damage: [PackDamage] = []
    /// The ordinals of the blocks that cannot be read, as far as the index is sound.
    public private(set) var badOrdinals: [Int] = []

    /// Reads every byte of the pack and checks every frame, block, and both tables.
    ///
    /// Blocks. Memory is bounded by the index and the largest frame.
    /// - Throws: ``PackError`` of the store only; damage is a result.
    init(of id: PackID, _ object: any ObjectReader) throws(PackError) {
        self.id = id
        let reader: PackReader
        let index: PackIndex
        do {
            reader = try PackReader(id, object)
            index = try reader.index()
        } catch {
            guard error.code == .damaged || error.code == .unsupported else { throw error }
            report(.index, error.message)
            try walk(object)
            return
        }
        try check(index, object)
        try checkSeekTable(index, reader.header, object)
    }

    private mutating func report(_ place: PackDamage.Place, _ reason: String) {
        damage.append(PackDamage(place: place, reason: reason))
    }

    private mutating func count(_ blocks: [FrameBlock]) {
        soundBlockCount += blocks.count
        for block in blocks { soundByteCount += Int64(block.byteCount) }
    }

    /// Goes through the frames that the index names, so that a broken one hides no other.
    private mutating func check(
        _ index: PackIndex, _ object: any ObjectReader
    ) throws(PackError) {
        var ordinal = 0
        for (number, place) in index.contents.frames.enumerated() {
            let stored = try object.bytes(place.storedByteCount, at: place.offset, of: id)
            let frame = WalkedFrame(stored[...], at: place, isHeader: number == 0)
            count(frame.blocks)
            for (cid, reason) in frame.damage where cid == nil { report(.frame(number), reason) }
            let sound = Set(frame.blocks)
            var found = frame.blocks.count
            while ordinal < index.blocks.count, index.blocks[ordinal].frame == number {
                let block = index.blocks[ordinal]
                let inFrame = FrameBlock(
                    cid: block.cid, offset: block.offset, byteCount: block.byteCount, flags: [])
                if sound.contains(inFrame) {
                    found -= 1
                } else {
                    badOrdinals.append(ordinal)
                    let reason = frame.damage.first { $0.cid == block.cid }?.reason
                    report(
                        .block(ordinal: ordinal, block.cid), reason ?? "not found in its frame")
                }
                ordinal += 1
            }
            if found != 0 {
                report(.frame(number), "holds \(found) blocks that the index does not name")
            }
        }
    }

    /// Goes through the frames as far as they can be told apart.
    private mutating func walk(_ object: any ObjectReader) throws(PackError) {
        var walk = FrameWalk(object, id: id)
        while let frame = try walk.next() {
            count(frame.blocks)
            for (cid, reason) in frame.damage {
                report(
                    cid.map { .block(ordinal: nil, $0) } ?? .frame(walk.count - 1), reason)
            }
        }
        if !walk.endReason.isEmpty { report(.frame(nil), walk.endReason) }
    }

    private mutating func checkSeekTable(
        _ index: PackIndex, _ header: PackHeader, _ object: any ObjectReader
    ) throws(PackError) {
        var expected: [UInt8] = []
        index.contents.appendSeekTable(
            indexFrameByteCount: Int(header.seekTableOffset - header.dataEndOffset),
            to: &expected)
        let found = try object.bytes(
            Int(object.byteCount - header.seekTableOffset), at: header.seekTableOffset, of: id)
        if found != expected { report(.seekTable, "does not list the frames of the index") }
    }
}
