// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// Reads a range of a file in order, a few blocks ahead of what was taken.
///
/// Works on every arrangement of leaves and inner blocks, also on inner blocks that hold bytes of
/// their own. The sizes that blocks state are used to find the range, and each block must turn out
/// to hold what the blocks above it said.
public struct FileStream<Source: BlockSource>: Sendable {
    private let source: Source
    private let root: CID
    private let offset: UInt64
    private let byteCount: UInt64?
    private let readAheadCount: Int

    /// Describes a read; nothing is fetched before ``forEachChunk(_:)``.
    ///
    /// `offset` may lie behind the end and `byteCount` reach past it: then less is read, or
    /// nothing. A nil `byteCount` reads to the end. `readAheadCount` is how many blocks are asked
    /// for or held at once, one at least; below an inner block it may be one more.
    public init(
        source: Source, root: CID, offset: UInt64 = 0, byteCount: UInt64? = nil,
        readAheadCount: Int = 8
    ) {
        self.source = source
        self.root = root
        self.offset = offset
        self.byteCount = byteCount
        self.readAheadCount = max(readAheadCount, 1)
    }

    /// Hands the bytes of the range to `body`, in order, none of the pieces empty.
    ///
    /// While `body` runs, the blocks asked for go on arriving, but no more are asked for. When
    /// this returns or throws, no fetch is left running.
    /// - Throws: ``UnixFSReadError``, or what the source or `body` throws.
    public func forEachChunk(
        _ body: (ArraySlice<UInt8>) async throws -> Void
    ) async throws {
        let rootBlock = try await source.block(root)
        var cursor = FileCursor(offset: offset, byteCount: byteCount)
        try await take(try cursor.open(rootBlock), body)
        try await withThrowingTaskGroup(of: Fetched.self) { group in
            var inFlight = 0
            var arrived: [Int: Block] = [:]
            while let next = cursor.next {
                let budget = readAheadCount - inFlight - arrived.count
                for request in cursor.requests(within: readAheadCount, budget: budget) {
                    inFlight += 1
                    group.addTask { [source] in
                        Fetched(id: request.id, block: try await source.block(request.cid))
                    }
                }
                while arrived[next.id] == nil, let fetched = try await group.next() {
                    inFlight -= 1
                    arrived[fetched.id] = fetched.block
                }
                guard let block = arrived.removeValue(forKey: next.id) else {
                    preconditionFailure("the next block was never asked for")
                }
                try await take(try cursor.open(block), body)
            }
        }
    }

    private struct Fetched: Sendable {
        let id: Int
        let block: Block
    }

    private func take(
        _ bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) async throws -> Void
    ) async throws {
        if !bytes.isEmpty { try await body(bytes) }
    }
}

extension UnixFSReader {
    /// A read of the file `root`: see ``FileStream``.
    public func file(
        _ root: CID, offset: UInt64 = 0, byteCount: UInt64? = nil, readAheadCount: Int = 8
    ) -> FileStream<Source> {
        FileStream(
            source: source, root: root, offset: offset, byteCount: byteCount,
            readAheadCount: readAheadCount)
    }

    /// The length of the file `root` in bytes, as its root block states it.
    ///
    /// - Throws: ``UnixFSReadError``, or what the source throws.
    public func fileByteCount(_ root: CID) async throws -> UInt64 {
        switch try await node(root) {
        case .rawLeaf(let bytes): UInt64(bytes.count)
        case .file(let file): file.fileByteCount
        case .directory, .hamtShard, .symlink: throw UnixFSReadError.notAFile(root)
        }
    }
}
