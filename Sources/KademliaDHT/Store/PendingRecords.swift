// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// Provider records that have not been written to the database yet.
struct PendingRecords: Sendable {
    struct Record: Sendable {
        let provider: PeerID
        /// Milliseconds since 1970.
        var expiresAt: Int64
    }

    struct Addresses: Sendable {
        var list: [Multiaddr]
        /// Milliseconds since 1970.
        var expireAt: Int64
    }

    /// Records by key.
    private(set) var records: [Multihash: [Record]] = [:]
    /// Addresses that came with them, by provider.
    private(set) var addresses: [PeerID: Addresses] = [:]
    /// Records by provider.
    private(set) var counts: [PeerID: Int] = [:]
    /// The IP groups that providers count to.
    private(set) var groups: [PeerID: IPGroup] = [:]
    /// Providers and records by IP group.
    private(set) var shares = GroupShares()
    /// All records.
    private(set) var count = 0

    mutating func add(
        _ multihash: Multihash, _ record: Record, addresses new: Addresses?, group: IPGroup?
    ) {
        if let new { addresses[record.provider] = new }
        if let group, groups[record.provider] == nil {
            groups[record.provider] = group
            shares.add(group, providers: 1, records: counts[record.provider] ?? 0)
        }
        let index = records[multihash]?.firstIndex { $0.provider == record.provider }
        if let index {
            records[multihash]?[index].expiresAt = record.expiresAt
        } else {
            records[multihash, default: []].append(record)
            counts[record.provider, default: 0] += 1
            count += 1
            if let group = groups[record.provider] { shares.add(group, records: 1) }
        }
    }

    /// Takes in older records that could not be written; newer ones win.
    mutating func addOlder(_ older: PendingRecords) {
        for (multihash, list) in older.records {
            for record in list
            where records[multihash]?.contains(where: { $0.provider == record.provider }) != true {
                add(multihash, record, addresses: nil, group: older.groups[record.provider])
            }
        }
        for (provider, list) in older.addresses where addresses[provider] == nil {
            addresses[provider] = list
        }
    }

    /// Whether this very record is here.
    func contains(_ multihash: Multihash, _ provider: PeerID) -> Bool {
        records[multihash]?.contains { $0.provider == provider } == true
    }
}
