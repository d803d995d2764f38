// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
public import Libp2p
public import Multiformats
import Synchronization

extension SQLiteProviderStore {
    /// As in ``ProviderStore``.
    public func providers(
        of multihash: Multihash, limit: Int, now: Duration
    ) async throws -> [PeerInfo] {
        let time = now.milliseconds
        // Memory first: what is written in between is then found in at least one of both.
        var found: [PeerID: [Multiaddr]] = try state.withLock { state throws(ProviderStoreError) in
            guard !state.isClosed else { throw .closed }
            var found: [PeerID: [Multiaddr]] = [:]
            for batch in [state.inFlight, state.pending].compactMap({ $0 }) {
                for record in batch.records[multihash] ?? [] where record.expiresAt > time {
                    let addresses = batch.addresses[record.provider]
                    let isFresh = (addresses?.expireAt ?? 0) > time
                    found[record.provider] = isFresh ? addresses?.list ?? [] : []
                }
            }
            return found
        }
        for provider in try await stored(multihash, limit: limit, time) {
            if found[provider.id]?.isEmpty ?? true { found[provider.id] = provider.addresses }
        }
        return found.prefix(limit).map { PeerInfo(id: $0.key, addresses: $0.value) }
    }

    private func stored(
        _ multihash: Multihash, limit: Int, _ time: Int64
    ) async throws -> [PeerInfo] {
        let key = Data(multihash.bytes)
        do {
            return try await pool.read { db in
                let statement = try db.cachedStatement(
                    sql: """
                        SELECT peer, addresses, addresses_expire_at FROM records
                        JOIN providers ON number = provider
                        WHERE multihash = ? AND expires_at > ? LIMIT ?
                        """)
                let rows = try Row.fetchCursor(statement, arguments: [key, time, limit])
                var found: [PeerInfo] = []
                while let row = try rows.next() {
                    guard let bytes: Data = row[0], let peer = PeerID(stored: bytes) else {
                        continue
                    }
                    let isFresh = row[2] as Int64 > time
                    let addresses = isFresh ? [UInt8](row[1] as Data) : []
                    found.append(PeerInfo(id: peer, addresses: AddressList.decode(addresses)))
                }
                return found
            }
        } catch { throw ProviderStoreError.wrap(error) }
    }

    /// Whether the database has this very record.
    func isStored(_ multihash: Multihash, by provider: PeerID) async throws -> Bool {
        guard let number = state.withLock({ $0.providers[provider]?.number }) else {
            return false
        }
        let key = Data(multihash.bytes)
        do {
            return try await pool.read { db in
                let sql = "SELECT 1 FROM records WHERE multihash = ? AND provider = ?"
                return try Int.fetchOne(
                    db.cachedStatement(sql: sql), arguments: [key, number]) != nil
            }
        } catch { throw ProviderStoreError.wrap(error) }
    }

    /// As in ``ProviderStore``: key range by key range, so that records can be written in between.
    @discardableResult
    public func removeExpired(now: Duration) async throws -> Int {
        try await flush()
        var removedCount = 0
        var start = Data()
        while true {
            try Task.checkCancellation()
            let (count, end) = try await removeExpired(after: start, now.milliseconds)
            removedCount += count
            guard let end else { return removedCount }
            start = end
        }
    }

    /// Removes what has expired in the next 20,000 rows; the last key of them, nil at the end.
    private func removeExpired(
        after start: Data, _ time: Int64
    ) async throws -> (removedCount: Int, end: Data?) {
        let result: Result<(After, Int, Data?), any Error> = await withCheckedContinuation {
            continuation in
            pool.asyncWrite { [self] db in
                var after = before()
                let end = try Data.fetchOne(
                    db,
                    sql: """
                        SELECT multihash FROM records WHERE multihash > ?
                        ORDER BY multihash LIMIT 1 OFFSET 20000
                        """, arguments: [start])
                let gone = try Int64.fetchAll(
                    db,
                    sql: """
                        DELETE FROM records WHERE multihash > ? AND multihash <= ifnull(?, x'ffffffffffffffffffff')
                        AND expires_at <= ? RETURNING provider
                        """, arguments: [start, end, time])
                try forget(gone, in: db, &after)
                return (after, gone.count, end)
            } completion: { [self] _, result in
                if case .success(let (after, _, _)) = result { adopt(after) }
                continuation.resume(returning: result)
            }
        }
        do {
            let (_, count, end) = try result.get()
            return (count, end)
        } catch { throw ProviderStoreError.wrap(error) }
    }

    /// Counts records down, and drops providers that have none left.
    private func forget(_ numbers: [Int64], in db: Database, _ after: inout After) throws {
        guard !numbers.isEmpty else { return }
        var losses: [Int64: Int] = [:]
        for number in numbers { losses[number, default: 0] += 1 }
        after.storedCount -= numbers.count
        for (peer, provider) in after.providers {
            guard let loss = losses[provider.number] else { continue }
            let left = provider.recordCount - loss
            if left > 0 {
                after.providers[peer]?.recordCount = left
                try db.execute(
                    sql: "UPDATE providers SET record_count = ? WHERE number = ?",
                    arguments: [left, provider.number])
            } else {
                after.providers[peer] = nil
                try db.execute(
                    sql: "DELETE FROM providers WHERE number = ?", arguments: [provider.number])
            }
        }
    }
}
