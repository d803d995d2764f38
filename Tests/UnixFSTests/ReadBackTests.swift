// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// What was built reads back.
struct ReadBackTests {
    // Larger inputs take long without optimisation and differ in the number of chunks only.
    @Test(
        arguments: try (DAGCase.load("kubo.jsonl") + DAGCase.load("layouts.jsonl"))
            .filter { $0.input.byteCount <= 1 << 20 })
    func `a tree reads back as it went in`(_ dagCase: DAGCase) async throws {
        var blocks = MemoryBlocks()
        let root = try TreeImporter(dagCase.options) { blocks.insert($0) }
            .importRoot(dagCase.input)
        let reader = UnixFSReader(source: blocks)
        var cid = root.cid
        if let name = dagCase.options.wrapName {
            cid = try await reader.resolve(root.cid, path: [Array(name.utf8)]).cid
        }
        try await expect(cid, is: dagCase.input.prepared(dagCase.options), reader)
    }

    private func expect(
        _ cid: CID, is tree: InputTree, _ reader: UnixFSReader<MemoryBlocks>
    ) async throws {
        switch tree.kind {
        case .file(let content):
            let bytes = content.bytes()
            #expect(try await reader.fileByteCount(cid) == UInt64(bytes.count))
            #expect(try await reader.file(cid).allBytes() == bytes)
        case .symlink(let target):
            guard case .symlink(let bytes, _) = try await reader.node(cid) else {
                Issue.record("\(cid) is no symlink")
                return
            }
            #expect(bytes == Array(target.utf8))
        case .directory(let entries):
            var listed: [[UInt8]: CID] = [:]
            try await reader.list(cid) { listed[$0.name] = $0.cid }
            #expect(Set(listed.keys) == Set(entries.map { Array($0.name.utf8) }))
            // Every entry is looked up by name in small directories, a few in large ones.
            let step = max(entries.count / 10, 1)
            for (index, entry) in entries.enumerated() where index % step == 0 {
                let path = [Array(entry.name.utf8)]
                let found = try await reader.resolve(cid, path: path).cid
                #expect(found == listed[path[0]])
                try await expect(found, is: entry.tree, reader)
            }
        }
    }

    struct Shape: CustomTestStringConvertible, Sendable {
        let layout: String
        let rawLeaves: Bool
        let readAheadCount: Int
        var testDescription: String {
            "\(layout), \(rawLeaves ? "raw" : "DAG-PB") leaves, \(readAheadCount) ahead"
        }
    }

    @Test(arguments: [
        Shape(layout: "balanced", rawLeaves: true, readAheadCount: 1),
        Shape(layout: "balanced", rawLeaves: false, readAheadCount: 5),
        Shape(layout: "trickle", rawLeaves: true, readAheadCount: 3),
        Shape(layout: "trickle", rawLeaves: false, readAheadCount: 100),
    ])
    func `every range of a file reads as the slice it is`(_ shape: Shape) async throws {
        var options = DAGCase.Options()
        options.layout = shape.layout
        options.rawLeaves = shape.rawLeaves
        options.maxLinks = 2
        options.chunker = "size-4"
        let bytes = [UInt8](1...45)
        var blocks = MemoryBlocks()
        let root = try TreeImporter(options) { blocks.insert($0) }.importFile(bytes)
        let reader = UnixFSReader(source: blocks)
        for offset in 0...46 {
            for byteCount in 0...47 {
                let stream = reader.file(
                    root.cid, offset: UInt64(offset), byteCount: UInt64(byteCount),
                    readAheadCount: shape.readAheadCount)
                let slice = bytes.dropFirst(offset).prefix(byteCount)
                #expect(try await stream.allBytes() == Array(slice), "\(offset), \(byteCount)")
            }
            let tail = try await reader.file(root.cid, offset: UInt64(offset)).allBytes()
            #expect(tail == Array(bytes.dropFirst(offset)))
        }
        let far = reader.file(root.cid, offset: .max, byteCount: .max)
        #expect(try await far.allBytes() == [])
    }

    @Test func `blocks outside the range are not asked for`() async throws {
        var blocks = MemoryBlocks()
        var options = DAGCase.Options()
        options.chunker = "size-1"
        options.rawLeaves = true
        let root = try TreeImporter(options) { blocks.insert($0) }.importFile([1, 2, 3])
        blocks.remove(try CIDBuilder().cid(codec: .raw, hashing: [UInt8]([1]).span))
        blocks.remove(try CIDBuilder().cid(codec: .raw, hashing: [UInt8]([3]).span))
        let stream = FileStream(source: blocks, root: root.cid, offset: 1, byteCount: 1)
        #expect(try await stream.allBytes() == [2])
    }

    @Test(arguments: [1, 4, 16])
    func `no more blocks are in flight than were allowed`(_ readAheadCount: Int) async throws {
        var options = DAGCase.Options()
        options.chunker = "size-1"
        options.maxLinks = 8
        var blocks = MemoryBlocks()
        let bytes = [UInt8](0...255)
        let root = try TreeImporter(options) { blocks.insert($0) }.importFile(bytes)
        let source = CountingSource(blocks: blocks)
        let stream = FileStream(
            source: source, root: root.cid, readAheadCount: readAheadCount)
        #expect(try await stream.allBytes() == bytes)
        let most = await source.counter.most
        #expect(most <= readAheadCount + 1)
        if readAheadCount > 1 { #expect(most > 1, "blocks are fetched side by side") }
    }

    @Test(arguments: [8, 256, 1024])
    func `names are found in a HAMT, and others are not`(_ fanout: Int) async throws {
        var blocks = MemoryBlocks()
        let rules = try DirectoryRules(hamtThreshold: 1, fanout: fanout)
        let entries = try (0..<150).map { try DirectoryTests.entry("name \($0)") }
        let root = try DirectoryBuilder(rules: rules, cidBuilder: CIDBuilder())
            .build(entries) { blocks.insert($0) }
        let reader = UnixFSReader(source: blocks)
        for entry in entries {
            #expect(try await reader.entry(entry.name, in: root.cid) == entry)
        }
        for number in 150..<250 {
            let name = Array("name \(number)".utf8)
            let error = UnixFSReadError.notFound(name: name, in: root.cid)
            await #expect(throws: error) { try await reader.entry(name, in: root.cid) }
        }
        var order: [UInt64] = []
        try await reader.list(root.cid) { order.append(HAMTBuilder.sortKey(of: $0.name)) }
        #expect(order.count == 150)
        #expect(order == order.sorted())
    }

    @Test func `a path is resolved through directories and stops at files`() async throws {
        var blocks = MemoryBlocks()
        let tree = InputTree(
            .directory([
                ("a", InputTree(.directory([("b", .text("hello"))]))),
                ("s", InputTree(.symlink(target: "a"))),
            ]))
        let root = try TreeImporter(DAGCase.Options()) { blocks.insert($0) }.importRoot(tree)
        let reader = UnixFSReader(source: blocks)
        let (a, b, s) = (Array("a".utf8), Array("b".utf8), Array("s".utf8))
        let directory = try await reader.resolve(root.cid, path: [a])
        let file = try await reader.resolve(root.cid, path: [a, b])
        #expect(file.trail == [root.cid, directory.cid])
        #expect(try await reader.file(file.cid).allBytes() == Array("hello".utf8))
        #expect(try await reader.resolve(root.cid, path: []).cid == root.cid)
        await #expect(throws: UnixFSReadError.notADirectory(file.cid)) {
            try await reader.resolve(root.cid, path: [a, b, b])
        }
        let symlink = try await reader.resolve(root.cid, path: [s]).cid
        await #expect(throws: UnixFSReadError.notADirectory(symlink)) {
            try await reader.resolve(root.cid, path: [s, b])
        }
        await #expect(throws: UnixFSReadError.notFound(name: b, in: root.cid)) {
            try await reader.resolve(root.cid, path: [b])
        }
        await #expect(throws: UnixFSReadError.notAFile(root.cid)) {
            try await reader.file(root.cid).allBytes()
        }
    }
}

extension FileStream {
    /// All bytes of the range.
    func allBytes() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await forEachChunk { bytes += $0 }
        return bytes
    }
}

/// A source that notes how many blocks are being fetched at once.
private struct CountingSource: BlockSource {
    actor Counter {
        private var current = 0
        private(set) var most = 0

        func enter() {
            current += 1
            most = max(most, current)
        }

        func leave() {
            current -= 1
        }
    }

    let blocks: MemoryBlocks
    let counter = Counter()

    func block(_ cid: CID) async throws -> Block {
        await counter.enter()
        for _ in 0..<20 { await Task.yield() }
        let block = try await blocks.block(cid)
        await counter.leave()
        return block
    }
}
