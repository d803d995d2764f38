// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Libp2p
import Multiformats
import Pipeline

/// The protocol `/blockstorage/block/read/1.0.0`: the asker writes a binary CID, the other side
/// answers with the block's bytes and closes; it resets the stream if it has no such block.
enum BlockRead {
    /// The largest block that is taken, in bytes: what peers exchange by Bitswap.
    static let byteLimit = 2 << 20
    /// The longest CID, in bytes.
    static let cidByteLimit = BitswapMessage.wantedCIDByteLimit

    /// Answers one stream, with a block that finds `room` within the time that there is to ask.
    ///
    /// - Throws: what makes the host reset the stream: an unreadable CID, a block that is not
    ///   here or larger than what peers exchange, a store that failed.
    static func serve(
        _ stream: any PeerStream, from store: any BlockStore, in room: WeightedSemaphore,
        watch: StreamWatch
    ) async throws {
        let (cid, byteCount) = try await watched(watch, stream, byteCount: cidByteLimit) {
            let cid = try await readCID(from: stream)
            let byteCount = try await store.byteCounts(of: [cid]).first.flatMap(\.self) ?? 0
            guard byteCount <= byteLimit else {
                throw BitswapError.tooLong(byteCount: UInt64(byteCount))
            }
            try await room.acquire(byteCount)
            return (cid, byteCount)
        }
        defer { room.release(byteCount) }
        let block = try await store.block(cid)
        try await watched(watch, stream, byteCount: block.bytes.count) {
            try await stream.write(block.bytes)
            try await stream.closeWrite()
        }
    }

    /// Asks a peer for a block; the bytes are not checked.
    ///
    /// - Throws: `HostError`, `PeerStreamError`, ``BitswapError`` with `tooLong`.
    static func fetch(
        _ cid: CID, from peer: PeerID, host: any Host, watch: StreamWatch
    ) async throws -> [UInt8] {
        let stream = try await host.openStream(to: peer, for: [.blockRead])
        do {
            let bytes = try await watched(watch, stream, byteCount: byteLimit) {
                try await stream.write(cid.bytes)
                try await stream.closeWrite()
                return try await readAll(stream)
            }
            await stream.close()
            return bytes
        } catch {
            stream.reset()
            throw error
        }
    }

    /// Reads a CID, which says itself where it ends: the asker may keep its half open.
    private static func readCID(from stream: any PeerStream) async throws -> CID {
        var bytes: [UInt8] = []
        while bytes.count < cidByteLimit {
            guard let more = try await stream.read(atMost: cidByteLimit - bytes.count) else {
                break
            }
            bytes += more
            var cursor = 0
            // Too short as yet, or never a CID: known when no more comes.
            if let cid = try? CID.read(from: bytes.span, at: &cursor) { return cid }
        }
        do { return try CID(bytes) } catch { throw BitswapError.cid(error) }
    }

    private static func readAll(_ stream: any PeerStream) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = try await stream.read(atMost: byteLimit + 1 - bytes.count) {
            bytes += more
            guard bytes.count <= byteLimit else {
                throw BitswapError.tooLong(byteCount: UInt64(bytes.count))
            }
        }
        return bytes
    }

    private static func watched<Value>(
        _ watch: StreamWatch, _ stream: any PeerStream, byteCount: Int,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let id = watch.begin(stream, byteCount: byteCount)
        defer { watch.end(id) }
        return try await body()
    }
}
