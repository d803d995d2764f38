// SPDX-License-Identifier: Apache-2.0

import FileIO
import IPLD
import Multiformats
import Pipeline
import Synchronization
import UnixFS

/// Walks the directories of a DAG depth first, makes them on disk, and passes on what is in them.
///
/// Memory: one directory block, or shard per HAMT level, and a batch of children, per level of the
/// tree.
final class RestoreWalk<Source: BlockSource> {
    /// Children read together to learn what they are.
    private static var lookAheadCount: Int { 32 }
    /// Bytes of children that are kept from that; what goes beyond is read again, alone.
    private static var lookAheadByteCount: Int { 8 << 20 }

    private let reader: UnixFSReader<Source>
    private let output: BoundedChannel<RestoreBatch>
    private let onDirectory: () -> Void
    private var batch = RestoreBatch()

    /// A walk that calls `onDirectory` for each directory it has made.
    init(
        reader: UnixFSReader<Source>, output: BoundedChannel<RestoreBatch>,
        onDirectory: @escaping () -> Void
    ) {
        self.reader = reader
        self.output = output
        self.onDirectory = onDirectory
    }

    /// Walks the DAG of `root`, which becomes the entry `name` of `parent`.
    func run(_ root: CID, as name: [UInt8], in parent: Directory) async throws {
        let outside = RestoredDirectory(parent)
        let entry = RestoreEntry(cid: root, name: name, directory: outside)
        try await visit(entry, try await reader.node(root), isRoot: true)
        try await flush()
    }

    private func visit(
        _ entry: RestoreEntry, _ node: UnixFSNode, isRoot: Bool = false
    ) async throws {
        guard node.isDirectory else {
            batch.append(entry, node)
            return try await flushIfFull()
        }
        let directory = try RestoredDirectory(
            entry, metadata: node.metadata, mayExist: isRoot)
        onDirectory()
        try await list(node, entry.cid, directory)
        try directory.release()
    }

    private func list(
        _ node: UnixFSNode, _ cid: CID, _ directory: RestoredDirectory
    ) async throws {
        var unknown: [RestoreEntry] = []
        try await reader.list(node, of: cid) { child in
            let entry = RestoreEntry(cid: child.cid, name: child.name, directory: directory)
            guard child.cid.codec != .raw else {
                batch.append(rawLeaf: entry, byteCount: Int(clamping: child.tsize))
                return try await flushIfFull()
            }
            unknown.append(entry)
            guard unknown.count == Self.lookAheadCount else { return }
            try await visit(unknown)
            unknown.removeAll()
        }
        try await visit(unknown)
    }

    /// Visits entries of which only their blocks tell whether they are directories.
    private func visit(_ entries: [RestoreEntry]) async throws {
        try Task.checkCancellation()
        let found = LookAhead(count: entries.count, byteLimit: Self.lookAheadByteCount)
        try await reader.source.forEachBlock(entries.map(\.cid)) { index, block in
            found.set(index, try UnixFSReader<Source>.node(of: block), block.bytes.count)
        }
        for (index, entry) in entries.enumerated() {
            if let node = found.take(index) {
                try await visit(entry, node)
            } else {
                try await visit(entry, try await reader.node(entry.cid))
            }
        }
    }

    private func flushIfFull() async throws {
        if batch.isFull { try await flush() }
    }

    private func flush() async throws {
        try Task.checkCancellation()
        guard !batch.isEmpty else { return }
        let full = batch
        batch = RestoreBatch()
        try await output.send(full, weight: 1)
    }
}

/// Nodes read ahead, as far as memory allows.
private final class LookAhead: Sendable {
    private struct State {
        var nodes: [UnixFSNode?]
        var room: Int
    }

    private let state: Mutex<State>

    init(count: Int, byteLimit: Int) {
        state = Mutex(State(nodes: Array(repeating: nil, count: count), room: byteLimit))
    }

    func set(_ index: Int, _ node: UnixFSNode, _ byteCount: Int) {
        state.withLock { state in
            guard byteCount <= state.room else { return }
            state.room -= byteCount
            state.nodes[index] = node
        }
    }

    /// The node at `index`, given up here; nil if it was not kept.
    func take(_ index: Int) -> UnixFSNode? {
        state.withLock { state in
            defer { state.nodes[index] = nil }
            return state.nodes[index]
        }
    }
}
