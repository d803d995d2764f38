// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import Synchronization

/// Fetches blocks that a walk over a DAG will want, some way ahead of it.
///
/// A block is *queued*, then *arriving*, then *here* until it is taken; a reader that asks for one
/// that is arriving waits for it. What is here and not taken counts against a limit.
final class Prefetch: Sendable {
    /// Links that are remembered at most: those of some thousand blocks.
    ///
    /// Others are fetched when they are read.
    private static let queueLimit = 1 << 17

    private struct State {
        /// The next to be fetched is the last.
        var queue: [CID] = []
        /// What was queued, and what was read, so that nothing is fetched twice.
        var isRead: [Multihash: Bool] = [:]
        var arriving: Set<Multihash> = []
        var here: [Multihash: Block] = [:]
        var hereByteCount = 0
        /// Readers that wait for a block that is arriving.
        var readers: [Multihash: [CheckedContinuation<Void, Never>]] = [:]
        /// The task that fetches, while it has nothing to do.
        var idle: CheckedContinuation<Void, Never>?
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let width: Int
    private let byteCount: Int

    init(width: Int, byteCount: Int) {
        self.width = max(width, 1)
        self.byteCount = byteCount
    }

    /// Whether the block is here or arriving.
    func has(_ cid: CID) -> Bool {
        let key = cid.multihash
        return state.withLock { $0.here[key] != nil || $0.arriving.contains(key) }
    }

    /// The block, if it was fetched ahead; waits for one that is arriving.
    func take(_ cid: CID) async -> Block? {
        let key = cid.multihash
        await withCheckedContinuation { continuation in
            let isWaiting = state.withLock { state in
                if state.isRead.count < 4 * Self.queueLimit || state.isRead[key] != nil {
                    state.isRead[key] = true
                }
                guard state.arriving.contains(key), !state.hasEnded else { return false }
                state.readers[key, default: []].append(continuation)
                return true
            }
            if !isWaiting { continuation.resume() }
        }
        let (block, idle) = state.withLock { state in
            let block = state.here.removeValue(forKey: key)
            state.hereByteCount -= block?.bytes.count ?? 0
            defer { if block != nil { state.idle = nil } }
            return (block, block == nil ? nil : state.idle)
        }
        idle?.resume()
        return block.map { Block(cid: cid, bytes: $0.bytes) }
    }

    /// Queues what a fetched block links to and `store` does not have, before all that is queued.
    func follow(_ block: Block, past store: any BlockStore) async {
        // What cannot be read has no links to follow, and a store that fails has its reader to
        // tell so.
        guard block.cid.codec != .raw, let links = try? IPLDCodec.links(of: block),
            let isHere = try? await store.contains(links)
        else { return }
        let idle = state.withLock { state in
            for (link, isHere) in zip(links, isHere).reversed() where !isHere {
                guard state.queue.count < Self.queueLimit,
                    state.isRead.count < 4 * Self.queueLimit
                else { break }
                guard state.isRead[link.multihash] == nil else { continue }
                state.isRead[link.multihash] = false
                state.queue.append(link)
            }
            defer { state.idle = nil }
            return state.idle
        }
        idle?.resume()
    }

    /// Fetches until the task is cancelled.
    func run(from source: NetworkBlocks) async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                if let cid = next() {
                    group.addTask { await self.fetch(cid, from: source) }
                } else {
                    await waitForWork()
                }
            }
            group.cancelAll()
        }
        end()
    }

    private func fetch(_ cid: CID, from source: NetworkBlocks) async {
        // A block that cannot be had is for its reader to complain of.
        let block = try? await source.fetch(cid)
        if let block { await follow(block, past: source.local) }
        arrived(cid.multihash, block)
    }

    private func arrived(_ key: Multihash, _ block: Block?) {
        let (readers, idle) = state.withLock { state in
            state.arriving.remove(key)
            if let block, !state.hasEnded {
                state.here[key] = block
                state.hereByteCount += block.bytes.count
            }
            defer { state.idle = nil }
            return (state.readers.removeValue(forKey: key) ?? [], state.idle)
        }
        for reader in readers { reader.resume() }
        idle?.resume()
    }

    private func hasWork(_ state: State) -> Bool {
        !state.queue.isEmpty && state.arriving.count < width && state.hereByteCount < byteCount
    }

    private func next() -> CID? {
        state.withLock { state in
            while hasWork(state), let cid = state.queue.popLast() {
                let key = cid.multihash
                if state.isRead[key] == true { continue }
                state.arriving.insert(key)
                return cid
            }
            return nil
        }
    }

    private func waitForWork() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.hasEnded || hasWork(state) { return true }
                    state.idle = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            end()
        }
    }

    private func end() {
        let (readers, idle) = state.withLock { state in
            state.hasEnded = true
            state.queue = []
            defer {
                state.readers = [:]
                state.idle = nil
            }
            return (state.readers.values.flatMap { $0 }, state.idle)
        }
        for reader in readers { reader.resume() }
        idle?.resume()
    }
}
