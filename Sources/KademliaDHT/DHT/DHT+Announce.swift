// SPDX-License-Identifier: Apache-2.0

public import Libp2p
import Logging
public import Multiformats
import Synchronization

extension DHT: ProviderRouting {
    /// Bytes that one write of an announcement holds at most, but for its last message: about 250
    /// records, a quarter of Yamux's first window.
    private static let writeByteCount = 64 << 10

    /// This peer.
    public var localPeer: PeerID { host.peerID }

    /// As in ``ProviderRouting``.
    public func closestPeers(to key: [UInt8]) async throws -> [PeerInfo] {
        try await query(key).peers
    }

    /// As in ``ProviderRouting``.
    ///
    /// The records follow each other without a wait for answers, as there are none. At the end this
    /// side closes its half and waits for the peer to close the other: a server that refused a
    /// record has reset the stream instead. What the peer sends is dropped. A peer that reset the
    /// stream after the last record is asked for that record: py-libp2p does so to every stream.
    @discardableResult
    public func announce(
        _ keys: some Sequence<Multihash>, to peer: PeerInfo
    ) async throws -> Int {
        let addresses = ownAddresses
        guard !addresses.isEmpty else {
            throw DHTError(.noAddress, "this host has no address to tell others")
        }
        if !peer.addresses.isEmpty {
            host.addressBook.add(
                peer.addresses, of: peer.id, lifetime: AddressLifetime.temporary)
        }
        let stream = try await sender.open(to: peer.id)
        var written = Written()
        do {
            try await send(
                keys, of: PeerInfo(id: host.peerID, addresses: addresses), on: stream, &written)
            await stream.close()
        } catch {
            stream.reset()
            guard (error as? DHTError)?.code == .refused, let last = written.last,
                try await names(last, peer.id)
            else { throw error }
        }
        count { [written] in $0.recordsSent += written.count }
        return written.count
    }

    /// Records that were written, and the last of them once all are.
    private struct Written {
        var count = 0
        var last: Multihash?
    }

    /// Whether `peer` names this one as a provider.
    private func names(_ multihash: Multihash, _ peer: PeerID) async throws -> Bool {
        let request = KademliaMessage(.getProviders, key: multihash.bytes)
        do {
            let answer = try await sender.request(request, to: peer)
            return answer.message.providerPeers.contains { $0.id == host.peerID }
        } catch let error as CancellationError {
            throw error
        } catch {
            return false
        }
    }

    /// Writes the records, and sees the peer close its half afterwards.
    private func send(
        _ keys: some Sequence<Multihash>, of provider: PeerInfo, on stream: any PeerStream,
        _ written: inout Written
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            // Reads beside the writes: a peer that does answer would else fill its window and stop
            // reading.
            let activity = StreamActivity()
            group.addTask {
                while try await stream.read(atMost: 64 << 10) != nil {}
                activity.noteEnd()
            }
            let limit = options.timeouts.progress
            group.addTask { [clock] in
                try await activity.waitUntilIdle(for: limit, on: clock)
                // Ends the write or read that waits; they throw then.
                activity.noteTimeout()
                stream.reset()
            }
            do {
                let all = try await write(keys, of: provider, on: stream) { activity.note() }
                // A server that still takes records has not closed its half.
                if activity.hasEnded { throw PeerStreamError.closed }
                try await stream.closeWrite()
                written = all
                activity.note()
                // Either the peer has closed its half, or the watch is over.
                try await group.next()
                if activity.hasTimedOut { throw PeerStreamError.reset }
            } catch let error as PeerStreamError {
                let peer = stream.remotePeer
                if activity.hasTimedOut {
                    throw DHTError(.timedOut, peer: peer, "no progress for \(limit)", cause: error)
                }
                throw DHTError(
                    .refused, peer: peer, "the peer ended the announcement", cause: error)
            }
        }
    }

    private func write(
        _ keys: some Sequence<Multihash>, of provider: PeerInfo, on stream: any PeerStream,
        _ progressed: () -> Void
    ) async throws -> Written {
        var announcement = Announcement(provider, capacity: Self.writeByteCount + 1024)
        var written = Written()
        for key in keys {
            announcement.append(key)
            written.count += 1
            written.last = key
            if announcement.buffer.count >= Self.writeByteCount {
                try await stream.write(announcement.buffer)
                announcement.removeAll()
                progressed()
            }
        }
        if !announcement.buffer.isEmpty { try await stream.write(announcement.buffer) }
        return written
    }

    /// Announces one block: looks up the nearest peers, and tells each.
    ///
    /// - Returns: how many peers took the record, and what the look-up took.
    /// - Throws: ``DHTError`` with `noPeers`, `noAddress`, or `notStored` if no peer took the record;
    ///   `CancellationError`.
    @discardableResult
    public func provide(
        _ multihash: Multihash, _ watch: @escaping @Sendable (LookupEvent) -> Void = { _ in }
    ) async throws -> ProvideReport {
        let lookup = try await query(multihash.bytes, watch)
        let stored = try await withThrowingTaskGroup(of: PeerID?.self) { group in
            for peer in lookup.peers {
                group.addTask {
                    do {
                        try await self.announce(CollectionOfOne(multihash), to: peer)
                        return peer.id
                    } catch is CancellationError {
                        throw CancellationError()
                    } catch let error as DHTError where error.code == .noAddress {
                        throw error
                    } catch {
                        self.logger.debug(
                            "record not taken",
                            metadata: ["peer": "\(peer.id)", "error": "\(error)"])
                        return nil
                    }
                }
            }
            var stored: [PeerID] = []
            for try await peer in group { if let peer { stored.append(peer) } }
            return stored
        }
        guard !stored.isEmpty else {
            throw DHTError(.notStored, "none of \(lookup.peers.count) peers took the record")
        }
        return ProvideReport(stored: stored, lookup: lookup)
    }
}

/// What came of announcing one block.
public struct ProvideReport: Sendable {
    /// The peers that took the record.
    public let stored: [PeerID]
    /// The look-up before that.
    public let lookup: LookupReport
}
