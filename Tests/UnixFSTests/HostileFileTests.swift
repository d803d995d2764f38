// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// Files that lie about themselves.
final class HostileFileTests {
    private var blocks = MemoryBlocks()

    /// An inner block over children that claim these sizes.
    private func inner(
        _ children: [(CID, UInt64)], data: [UInt8]? = nil, filesize: UInt64? = nil
    ) throws -> CID {
        let message = UnixFSData(
            kind: .file, data: data, filesize: filesize, blocksizes: children.map(\.1))
        let links = children.map { PBLink(hash: $0.0, tsize: 1) }
        return try blocks.insert(PBNode(links: links, data: message.encode()))
    }

    private func read(_ cid: CID) async throws -> [UInt8] {
        try await FileStream(source: blocks, root: cid).allBytes()
    }

    /// What reading `cid` throws, if it is an error of the reader's own.
    private func refusal(_ cid: CID) async -> UnixFSReadError? {
        do {
            _ = try await read(cid)
            return nil
        } catch { return error as? UnixFSReadError }
    }

    private func expectMalformed(_ cid: CID, _ error: UnixFSError) async {
        #expect(await refusal(cid) == .malformed(cid, error))
    }

    @Test func `bytes of an inner block come before those of its children`() async throws {
        let leaf = try blocks.insert(raw: [3, 4])
        let root = try inner([(leaf, 2), (leaf, 2)], data: [1, 2])
        #expect(try await read(root) == [1, 2, 3, 4, 3, 4])
        let part = FileStream(source: blocks, root: root, offset: 1, byteCount: 2)
        #expect(try await part.allBytes() == [2, 3])
    }

    @Test(arguments: [UInt64(1), 3, 1 << 40])
    func `a leaf of another length than claimed is named`(_ claim: UInt64) async throws {
        let leaf = try blocks.insert(raw: [1, 2])
        let root = try inner([(leaf, claim)])
        #expect(await refusal(root) == .wrongByteCount(leaf, expected: claim, actual: 2))
    }

    @Test func `an inner block of another length than claimed is named`() async throws {
        let leaf = try blocks.insert(raw: [1, 2])
        let middle = try inner([(leaf, 2), (leaf, 2)])
        let root = try inner([(middle, 5)])
        #expect(await refusal(root) == .wrongByteCount(middle, expected: 5, actual: 4))
    }

    @Test func `sizes that do not add up are refused`() async throws {
        let leaf = try blocks.insert(raw: [1, 2])
        await expectMalformed(try inner([(leaf, 2)], filesize: 3), .filesizeMismatch)
        let root = try inner([(leaf, .max), (leaf, 2)])
        await expectMalformed(root, .filesizeMismatch)
        await expectMalformed(try inner([(leaf, 1 << 63)]), .filesizeMismatch)
    }

    @Test func `every link has a block size`() async throws {
        let leaf = try blocks.insert(raw: [1])
        let message = UnixFSData(kind: .file, filesize: 1, blocksizes: [1])
        let root = try blocks.insert(
            PBNode(
                links: [PBLink(hash: leaf), PBLink(hash: leaf)], data: message.encode()))
        await expectMalformed(root, .blocksizesMismatch(blocksizes: 1, links: 2))
    }

    @Test func `a block that is missing is the source's error`() async throws {
        let leaf = try blocks.insert(raw: [1])
        let root = try inner([(leaf, 1)])
        blocks.remove(leaf)
        let source = blocks
        await #expect(throws: MemoryBlocks.Missing(cid: leaf)) {
            try await FileStream(source: source, root: root).allBytes()
        }
    }

    @Test func `a directory inside a file is no part of it`() async throws {
        let directory = try blocks.insert(PBNode(data: [0x08, 1]))
        let root = try inner([(directory, 1)])
        #expect(await refusal(root) == .notAFile(directory))
    }

    @Test func `links without bytes are not followed`() async throws {
        let leaf = try blocks.insert(raw: [1])
        let missing = try CIDBuilder().cid(codec: .raw, hashing: [UInt8]([9]).span)
        let root = try inner([(missing, 0), (leaf, 1), (missing, 0)])
        #expect(try await read(root) == [1])
    }

    @Test(arguments: [(64, true), (65, false)])
    func `a chain of blocks is read down to a depth of 64`(
        _ depth: Int, _ isRead: Bool
    ) async throws {
        let leaf = try blocks.insert(raw: [1])
        var cid = leaf
        for _ in 0..<depth { cid = try inner([(cid, 1)]) }
        if isRead {
            #expect(try await read(cid) == [1])
        } else {
            #expect(await refusal(cid) == .tooDeep(leaf))
        }
    }

    @Test func `more links than any file has open are refused`() async throws {
        let leaf = CID(v1: .raw, Multihash(code: .identity, digest: [1]))
        let root = try inner([(CID, UInt64)](repeating: (leaf, 1), count: 1 << 18 + 1))
        #expect(await refusal(root) == .tooManyLinks(root))
    }

    @Test func `blocks that are no UnixFS are refused`() async throws {
        await expectMalformed(try blocks.insert(PBNode()), .missingData)
        await expectMalformed(try blocks.insert(PBNode(data: [])), .missingType)
        await expectMalformed(try blocks.insert(PBNode(data: [0x08, 3])), .metadataObject)
        let cbor = CID(v1: .dagCBOR, Multihash(code: .identity, digest: [0xa0]))
        blocks.insert(Block(cid: cbor, bytes: [0xa0]))
        await expectMalformed(cbor, .unsupportedCodec)
    }

    @Test func `a flipped bit in any block is an error or other bytes, never a trap`()
        async throws
    {
        var options = DAGCase.Options()
        options.chunker = "size-3"
        options.maxLinks = 2
        let bytes = [UInt8](1...13)
        var intact = MemoryBlocks()
        let root = try TreeImporter(options) { intact.insert($0) }.importFile(bytes)
        for (cid, block) in intact.blocks {
            for bit in 0..<8 * block.count {
                var flipped = block
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                var damaged = intact
                damaged.insert(Block(cid: cid, bytes: flipped))
                let stream = FileStream(source: damaged, root: root.cid)
                // Names and Tsizes mean nothing in a file; whatever comes has a claimed length.
                if let read = try? await stream.allBytes() {  // an error is as good
                    #expect(read.count <= 64)
                }
            }
        }
    }
}
