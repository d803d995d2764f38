// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// The CAR sections of a frame's content, each block checked against its CID.
struct FrameSections {
    /// The blocks whose bytes are those of their CIDs.
    private(set) var blocks: [FrameBlock] = []
    /// What is wrong with the others; sections cannot be told apart behind a broken one.
    private(set) var damage: [(cid: CID?, reason: String)] = []

    init(_ content: [UInt8]) {
        let span = content.span
        var cursor = 0
        while cursor < span.count {
            let start = cursor
            guard let byteCount = try? Varint.read(from: span, at: &cursor),  // told as damage
                byteCount <= UInt64(span.count - cursor)
            else {
                damage.append((nil, "no section length at content offset \(start)"))
                return
            }
            let end = cursor + Int(byteCount)
            // Read within the section: a CID must not reach into the next one.
            let section = span.extracting(0..<end)
            guard let cid = try? CID.read(from: section, at: &cursor) else {  // told as damage
                damage.append((nil, "no CID in the section at content offset \(start)"))
                cursor = end
                continue
            }
            do {
                try cid.verify(span.extracting(cursor..<end))
                blocks.append(
                    FrameBlock(cid: cid, offset: cursor, byteCount: end - cursor, flags: []))
            } catch {
                damage.append((cid, "\(error)"))
            }
            cursor = end
        }
    }
}
