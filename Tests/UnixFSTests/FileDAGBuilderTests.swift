// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// Properties of file DAGs that roots alone do not show.
struct FileDAGBuilderTests {
    @Test(arguments: [(FileLayout.balanced, 1), (.balanced, 0), (.trickle, 0), (.trickle, -1)])
    func `too few links per block are refused`(_ layout: FileLayout, _ maxLinks: Int) {
        #expect(throws: UnixFSBuildError.maxLinksTooSmall(maxLinks)) {
            try FileDAGBuilder(layout: layout, maxLinks: maxLinks, cidBuilder: CIDBuilder())
        }
    }

    @Test(arguments: FileLayout.allCases, 1...3)
    func `a block goes out after all that it links to, and metadata on the root only`(
        _ layout: FileLayout, _ width: Int
    ) throws {
        let maxLinks = layout == .balanced ? width + 1 : width
        let metadata = UnixFSMetadata(mode: 0o640)
        for leafCount in 2...40 {
            var builder = try FileDAGBuilder(
                layout: layout, maxLinks: maxLinks, cidBuilder: CIDBuilder(),
                metadata: metadata)
            var seen: Set<CID> = []
            var withMetadata: [CID] = []
            func check(_ block: Block) throws {
                let node = try UnixFSNode(block)
                #expect(node.linkTargets.allSatisfy(seen.contains))
                #expect(node.linkTargets.count <= maxLinks || layout == .trickle)
                if !node.metadata.isEmpty { withMetadata.append(block.cid) }
                seen.insert(block.cid)
            }
            for number in 0..<leafCount {
                let leaf = try DirectoryTests.entry("\(number)").cid
                seen.insert(leaf)
                try builder.append(
                    FileLink(cid: leaf, tsize: 1, fileByteCount: 1), emit: check)
            }
            let root = try builder.finish(emit: check)
            #expect(root.fileByteCount == UInt64(leafCount))
            #expect(withMetadata == [root.cid])
        }
    }

    @Test(arguments: FileLayout.allCases, [0, 1, 127, 128, 16_380, 16_384, 262_144])
    func `a leaf's framing makes the block that encoding it whole would make`(
        _ layout: FileLayout, _ byteCount: Int
    ) {
        let chunk = [UInt8](repeating: 7, count: byteCount)
        let metadata = UnixFSMetadata(mode: 0o644, mtime: UnixFSTimestamp(seconds: 9))
        let framing = LeafFormat(rawLeaves: false, layout: layout)
            .framing(chunkByteCount: byteCount, metadata: metadata)
        let message = UnixFSData(
            kind: layout == .balanced ? .file : .raw, data: chunk.isEmpty ? nil : chunk,
            filesize: UInt64(byteCount), metadata: metadata)
        #expect(framing.prefix + chunk + framing.suffix == PBNode(data: message.encode()).encode())
        let raw = LeafFormat(rawLeaves: true, layout: layout)
        #expect(raw.framing(chunkByteCount: byteCount).blockByteCount(chunkByteCount: 5) == 5)
    }

    @Test func `what a block's receiver throws comes out`() throws {
        struct Full: Error {}
        var builder = try FileDAGBuilder(
            layout: .balanced, maxLinks: 2, cidBuilder: CIDBuilder())
        let leaf = FileLink(cid: try DirectoryTests.entry("x").cid, tsize: 1, fileByteCount: 1)
        for _ in 0..<2 { try builder.append(leaf) { _ in } }
        #expect(throws: Full.self) { try builder.append(leaf) { _ in throw Full() } }
    }
}
