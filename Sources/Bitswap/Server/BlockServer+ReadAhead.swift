// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Libp2p
import Logging
import Multiformats
import Synchronization

extension BlockServer {
    /// The largest block whose links are read on the caller's thread, which may be an event loop.
    private static let shortByteCount = 16 << 10

    /// Notes what a block that was sent links to, and reads what the peer will ask for next.
    func readAhead(_ block: Block, for peer: PeerID) {
        guard block.cid.codec != .raw else { return readNext(for: peer) }
        guard block.bytes.count > Self.shortByteCount else { return follow(block, for: peer) }
        jobs.start { [self] in follow(block, for: peer) }
    }

    private func follow(_ block: Block, for peer: PeerID) {
        // What cannot be read has no links to follow.
        let links = (try? IPLDCodec.links(of: block)) ?? []
        let now = now()
        if !links.isEmpty { state.withLock { $0.ahead.sent(links, to: peer, now: now) } }
        readNext(for: peer)
    }

    private func readNext(for peer: PeerID) {
        let reading = state.withLock { state -> ReadAhead.Reading? in
            guard state.aheadCount < options.server.workerCount,
                let reading = state.ahead.next(for: peer)
            else { return nil }
            state.aheadCount += 1
            return reading
        }
        guard let reading else { return }
        jobs.start { [self] in await read(reading, for: peer) }
    }

    private func read(_ reading: ReadAhead.Reading, for peer: PeerID) async {
        let gathered = GatheredBlocks(limit: options.server.readAheadBytesPerPeer)
        do {
            try await store.forEachBlock(reading.cids) { index, block in
                try gathered.append(reading.cids[index], block.bytes)
            }
        } catch is GatheredBlocks.Full {
            // The rest is read when it is asked for.
        } catch {
            // Whoever asks for the block that cannot be read is told.
            logger.debug("reading ahead failed", metadata: ["error": "\(error)"])
        }
        state.withLock { state in
            state.aheadCount -= 1
            state.ahead.hold(gathered.blocks, of: reading, for: peer)
        }
    }
}

/// Blocks that come in any order, up to a number of bytes.
private final class GatheredBlocks: Sendable {
    /// There is enough.
    struct Full: Error {}

    private struct State {
        var blocks: [(cid: CID, bytes: [UInt8])] = []
        var room: Int
    }

    private let state: Mutex<State>

    init(limit: Int) { state = Mutex(State(room: limit)) }

    var blocks: [(cid: CID, bytes: [UInt8])] { state.withLock { $0.blocks } }

    /// Takes a block.
    ///
    /// - Throws: ``Full`` if it passes the limit.
    func append(_ cid: CID, _ bytes: [UInt8]) throws(Full) {
        let isTaken = state.withLock { state in
            guard bytes.count <= state.room else { return false }
            state.room -= bytes.count
            state.blocks.append((cid, bytes))
            return true
        }
        guard isTaken else { throw Full() }
    }
}
