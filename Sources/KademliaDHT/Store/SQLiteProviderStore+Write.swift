// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Multiformats
import Synchronization

extension SQLiteProviderStore {
    /// Writes what is pending in one transaction; returns at once if somebody writes already.
    ///
    /// Not cut short by cancellation: the caller may be a peer's stream, the records are not its
    /// alone. On failure the records stay pending.
    func write() async throws {
        let batch: PendingRecords? = state.withLock { state in
            guard state.inFlight == nil, state.pending.count > 0 else { return nil }
            state.inFlight = state.pending
            state.pending = PendingRecords()
            return state.inFlight
        }
        guard let batch else { return }
        let result: Result<Void, any Error> = await withCheckedContinuation { continuation in
            pool.asyncWrite { [self] db in
                try store(batch, in: db)
            } completion: { [self] _, result in
                // Still on the writer's queue, so no other write comes between.
                if case .success(let after) = result { adopt(after) }
                continuation.resume(returning: result.map { _ in })
            }
        }
        let waiters = state.withLock { state in
            if case .failure = result { state.pending.addOlder(batch) }
            state.inFlight = nil
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
        do { try result.get() } catch { throw ProviderStoreError.wrap(error) }
    }

    /// The table `providers` after a transaction.
    struct After: Sendable {
        var providers: [PeerID: Provider]
        var storedCount: Int
    }

    func before() -> After {
        state.withLock { After(providers: $0.providers, storedCount: $0.storedCount) }
    }

    func adopt(_ after: After) {
        // Before the lock is taken: with 100,000 providers it takes milliseconds.
        let shares = GroupShares(of: after.providers.values)
        state.withLock {
            $0.providers = after.providers
            $0.storedCount = after.storedCount
            $0.shares = shares
        }
    }

    private func store(_ batch: PendingRecords, in db: Database) throws -> After {
        var after = before()
        for provider in batch.counts.keys where after.providers[provider] == nil {
            try db.execute(
                sql: "INSERT INTO providers VALUES (NULL, ?, x'', 0, 0, NULL)",
                arguments: [Data(provider.bytes)])
            after.providers[provider] = Provider(number: db.lastInsertedRowID, recordCount: 0)
        }
        try storeRecords(of: batch, in: db, &after)
        for provider in batch.counts.keys {
            guard let row = after.providers[provider] else { continue }
            guard row.recordCount > 0 else {
                // Its blocks have as many providers as they may: it would count for nothing.
                after.providers[provider] = nil
                try db.cachedStatement(sql: "DELETE FROM providers WHERE number = ?")
                    .execute(arguments: [row.number])
                continue
            }
            let group = row.group ?? batch.groups[provider]
            after.providers[provider]?.group = group
            try db.cachedStatement(
                sql: "UPDATE providers SET record_count = ?, ip_group = ? WHERE number = ?"
            ).execute(arguments: [row.recordCount, group?.stored, row.number])
            guard let addresses = batch.addresses[provider] else { continue }
            try db.cachedStatement(
                sql: """
                    UPDATE providers SET addresses = ?, addresses_expire_at = ? WHERE number = ?
                    """
            ).execute(
                arguments: [
                    Data(AddressList.encode(addresses.list)), addresses.expireAt, row.number,
                ])
        }
        return after
    }

    private func storeRecords(
        of batch: PendingRecords, in db: Database, _ after: inout After
    ) throws {
        let insert = try db.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO records SELECT ?1, ?2, ?3 WHERE (SELECT COUNT(*) FROM
                    (SELECT 1 FROM records WHERE multihash = ?1 LIMIT ?4)) < ?4
                """)
        let renew = try db.cachedStatement(
            sql: "UPDATE records SET expires_at = ? WHERE multihash = ? AND provider = ?")
        // In the order of the keys each page is visited once.
        for (multihash, records) in batch.records.sorted(by: { $0.key < $1.key }) {
            let key = Data(multihash.bytes)
            for record in records {
                guard let provider = after.providers[record.provider] else { continue }
                insert.setUncheckedArguments([
                    key, provider.number, record.expiresAt, limits.providerCountPerKey,
                ])
                try insert.execute()
                if db.changesCount > 0 {
                    after.providers[record.provider]?.recordCount += 1
                    after.storedCount += 1
                } else {
                    // Known already, or one provider too many, for whom this changes nothing.
                    renew.setUncheckedArguments([record.expiresAt, key, provider.number])
                    try renew.execute()
                }
            }
        }
    }
}

extension GroupShares {
    /// Sums up what stored providers have.
    init(of providers: some Sequence<SQLiteProviderStore.Provider>) {
        self.init()
        for provider in providers {
            guard let group = provider.group else { continue }
            add(group, providers: 1, records: provider.recordCount)
        }
    }
}

/// A list of addresses as the database holds it: for each a varint byte count, then its bytes.
enum AddressList {
    static func encode(_ addresses: [Multiaddr]) -> [UInt8] {
        var bytes: [UInt8] = []
        for address in addresses {
            Varint.append(UInt64(address.bytes.count), to: &bytes)
            bytes += address.bytes
        }
        return bytes
    }

    /// Reads as far as the bytes are valid.
    static func decode(_ bytes: [UInt8]) -> [Multiaddr] {
        var addresses: [Multiaddr] = []
        var cursor = 0
        // A damaged list ends where the damage begins.
        while let count = try? Varint.read(from: bytes.span, at: &cursor),
            count <= UInt64(bytes.count - cursor)
        {
            let end = cursor + Int(count)
            // An address of a kind that this release does not know is left out.
            if let address = try? Multiaddr(Array(bytes[cursor..<end])) {
                addresses.append(address)
            }
            cursor = end
        }
        return addresses
    }
}
