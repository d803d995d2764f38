// SPDX-License-Identifier: Apache-2.0

import Testing

/// The parts of a pack's file, by their offsets as `Docs/pack-format.md` gives them.
enum PackRegion: String, CaseIterable, Sendable {
    case headerFrame, firstFrameMagic, firstFrameHeader, frameData, frameChecksum
    case indexMagic, indexHeader, indexFrames, indexBlocks, indexCIDs, indexDigest
    case seekTable, seekFooter

    /// The region's bytes in `pack`.
    func range(in pack: [UInt8]) throws -> Range<Int> {
        let layout = try PackLayout(pack)
        switch self {
        case .headerFrame: return 0..<layout.frames[1]
        case .firstFrameMagic: return layout.frames[1]..<layout.frames[1] + 4
        case .firstFrameHeader: return layout.frames[1] + 4..<layout.frames[1] + 8
        case .frameData: return layout.frames[1] + 8..<layout.frames[2] - 4
        case .frameChecksum: return layout.frames[2] - 4..<layout.frames[2]
        case .indexMagic: return layout.index - 8..<layout.index + 8
        case .indexHeader: return layout.index + 8..<layout.index + 56
        case .indexFrames: return layout.index + 56..<layout.blocks
        case .indexBlocks: return layout.blocks..<layout.cids
        case .indexCIDs: return layout.cids..<layout.seekTable - 32
        case .indexDigest: return layout.seekTable - 32..<layout.seekTable
        case .seekTable: return layout.seekTable..<pack.count - 9
        case .seekFooter: return pack.count - 9..<pack.count
        }
    }
}

extension PackRegion {
    /// The frames of blocks in `pack`, one after the other, without the checksum at their ends.
    static func dataFrames(of pack: [UInt8]) throws -> [Range<Int>] {
        let frames = try PackLayout(pack).frames
        return zip(frames.dropFirst(), frames.dropFirst(2)).map { $0 + 8..<$1 - 4 }
    }
}

/// Where things lie in a sound pack, read from its last bytes.
private struct PackLayout {
    /// Where each frame starts, and where the last one ends.
    var frames: [Int] = []
    /// Where the index's payload starts.
    let index: Int
    let blocks: Int
    let cids: Int
    let seekTable: Int

    init(_ pack: [UInt8]) throws {
        func number(_ offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(pack[offset + $1]) << (8 * $1) }
        }
        let count = number(pack.count - 9)
        seekTable = pack.count - 9 - count * 8 - 8
        try #require(number(seekTable) == 0x184D_2A5E)
        var offset = 0
        for entry in 0..<count {
            frames.append(offset)
            offset += number(seekTable + 8 + entry * 8)
        }
        try #require(offset == seekTable)
        index = frames[count - 1] + 8
        blocks = index + 56 + number(index + 40) * 16
        cids = blocks + number(index + 44) * 20
    }
}
