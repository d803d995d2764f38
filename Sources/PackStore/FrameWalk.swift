// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Multiformats
import ObjectStore

/// A frame that was found in a pack's data, and what is in it.
struct WalkedFrame {
    /// Where the frame lies.
    let place: FramePlace
    /// The blocks that match their CIDs.
    let blocks: [FrameBlock]
    /// What is wrong with the frame or its other blocks.
    let damage: [(cid: CID?, reason: String)]
}

/// Goes through the frames of a pack from its start, without its index.
///
/// Ends at the end of the object, at a skippable frame, and at bytes that are no whole frame.
/// Memory is bounded by the largest frame.
struct FrameWalk {
    /// How many bytes are read at once, unless a frame is longer.
    private static let windowByteCount = 2 << 20

    private let object: any ObjectReader
    private let id: PackID
    private var window: ArraySlice<UInt8> = []
    /// Where the next frame starts, which is where `window` starts.
    private(set) var offset: Int64 = 0
    /// How many frames were found.
    private(set) var count = 0
    /// Why there is no next frame: empty at the end of the object or at a skippable frame.
    private(set) var endReason = ""

    init(_ object: any ObjectReader, id: PackID) {
        self.object = object
        self.id = id
    }

    /// The next frame, checked, or nil when there is none.
    ///
    /// - Throws: ``PackError`` of the store only.
    mutating func next() throws(PackError) -> WalkedFrame? { try nextWithBytes()?.frame }

    /// The next frame, checked, and its bytes as they are stored.
    ///
    /// - Throws: ``PackError`` of the store only.
    mutating func nextWithBytes() throws(PackError) -> (
        stored: ArraySlice<UInt8>, frame: WalkedFrame
    )? {
        guard let (stored, contentByteCount) = try nextStored() else { return nil }
        let place = FramePlace(
            offset: offset, storedByteCount: stored.count, contentByteCount: contentByteCount)
        defer {
            window = window[stored.endIndex...]
            offset += Int64(stored.count)
            count += 1
        }
        return (stored, WalkedFrame(stored, at: place, isHeader: count == 0))
    }

    /// Looks for the next frame behind `start`, where there is none, or one that is damaged and may
    /// have told a wrong length; nil if there is none up to the end.
    ///
    /// What it finds has sound blocks: bytes that only look like the start of a frame are passed
    /// over.
    /// - Throws: ``PackError`` of the store only.
    /// - Complexity: O(bytes to the end).
    mutating func nextSound(from start: Int64) throws(PackError) -> WalkedFrame? {
        // Not at the start itself: that frame has been tried.
        offset = start + 1
        window = []
        while try seekMagic() {
            if let (stored, contentByteCount) = try nextStored() {
                let place = FramePlace(
                    offset: offset, storedByteCount: stored.count,
                    contentByteCount: contentByteCount)
                let frame = WalkedFrame(stored, at: place, isHeader: false)
                if !frame.blocks.isEmpty {
                    window = window[stored.endIndex...]
                    offset += Int64(stored.count)
                    count += 1
                    endReason = ""
                    return frame
                }
            }
            window = window.dropFirst()
            offset += 1
        }
        return nil
    }

    /// Moves on to where a frame may start, which may be where the walk is.
    private mutating func seekMagic() throws(PackError) -> Bool {
        while true {
            try fill(4)
            if window.count < 4 { return false }
            var index = window.startIndex
            while index <= window.endIndex - 4 {
                if window[index] == 0x28, window[index + 1] == 0xB5, window[index + 2] == 0x2F,
                    window[index + 3] == 0xFD
                {
                    offset += Int64(index - window.startIndex)
                    window = window[index...]
                    return true
                }
                index += 1
            }
            // The last three bytes may begin what the next ones end.
            offset += Int64(window.count - 3)
            window = []
            if object.byteCount - offset < 4 { return false }
        }
    }

    private mutating func nextStored() throws(PackError) -> (ArraySlice<UInt8>, Int)? {
        try fill(PackFormat.skippableHeaderByteCount)
        if window.isEmpty { return nil }
        let head = Array(window.prefix(4))
        if head.count == 4, head.littleEndian(at: 0, as: UInt32.self) >> 4 == 0x184D2A5 {
            return nil
        }
        guard head.count == 4, head.littleEndian(at: 0) == PackFormat.frameMagic else {
            endReason = "no zstd frame at offset \(offset)"
            return nil
        }
        var wanted = Self.windowByteCount
        while true {
            try fill(wanted)
            if let byteCount = FrameDecompressor.storedByteCount(window) {
                let stored = window.prefix(byteCount)
                guard let content = FrameDecompressor.contentByteCount(stored),
                    content <= UInt64(PackFormat.maximumContentByteCount)
                else {
                    endReason = "the frame at offset \(offset) is too large"
                    return nil
                }
                return (stored, Int(content))
            }
            guard window.count >= wanted, window.count < PackFormat.maximumStoredByteCount else {
                endReason = "the frame at offset \(offset) is cut short or broken"
                return nil
            }
            wanted = min(window.count * 4, PackFormat.maximumStoredByteCount)
        }
    }

    /// Reads until the window holds `byteCount` bytes, or reaches the end of the object.
    private mutating func fill(_ byteCount: Int) throws(PackError) {
        if window.count >= byteCount { return }
        let wanted = max(byteCount, Self.windowByteCount)
        let available = min(Int64(wanted), object.byteCount - offset)
        if available <= Int64(window.count) { return }
        window = try object.bytes(Int(available), at: offset, of: id)[...]
    }
}

extension WalkedFrame {
    /// Decompresses and checks one frame.
    init(_ stored: ArraySlice<UInt8>, at place: FramePlace, isHeader: Bool) {
        let result = FrameDecompressor.content(
            of: stored, contentByteCount: place.contentByteCount)
        switch result {
        case .failure(let error):
            self.init(place: place, blocks: [], damage: [(nil, error.reason)])
        case .success(let content) where isHeader:
            let isOurs = content == PackFormat.header
            self.init(
                place: place, blocks: [], damage: isOurs ? [] : [(nil, "not a pack's CAR header")])
        case .success(let content):
            let sections = FrameSections(content)
            self.init(place: place, blocks: sections.blocks, damage: sections.damage)
        }
    }
}
