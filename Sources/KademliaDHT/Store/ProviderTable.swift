// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats

/// Provider records in memory, as a value: the store of tests and simulations.
///
/// About 100 bytes per record.
public struct ProviderTable: Sendable {
    private struct Provider: Sendable {
        var addresses: [Multiaddr] = []
        var addressesExpireAt = Duration.zero
        var recordCount = 0
        var group: IPGroup?
    }

    private struct Record: Sendable {
        let provider: PeerID
        var expiresAt: Duration
    }

    /// What it remembers at most.
    public let limits: ProviderStoreLimits
    /// How many records there are.
    public private(set) var recordCount = 0

    private var records: [Multihash: [Record]] = [:]
    private var providers: [PeerID: Provider] = [:]
    private var shares = GroupShares()

    /// Makes an empty table.
    public init(limits: ProviderStoreLimits = ProviderStoreLimits()) { self.limits = limits }

    /// As ``ProviderStore/add(_:provider:from:now:)``.
    ///
    /// - Throws: ``ProviderStoreError`` with `full`, `groupFull` or `providerFull`.
    public mutating func add(
        _ multihash: Multihash, provider: PeerInfo, from group: IPGroup? = nil, now: Duration
    ) throws(ProviderStoreError) {
        let expiresAt = now + limits.recordLifetime
        let index = records[multihash]?.firstIndex { $0.provider == provider.id }
        if let index {
            records[multihash]?[index].expiresAt = expiresAt
        } else {
            let known = providers[provider.id]
            guard recordCount < limits.recordCount,
                known != nil || providers.count < limits.providerCount
            else { throw .storeFull }
            if let group = known?.group ?? group {
                let whole = GroupShares.Share(
                    providerCount: providers.count, recordCount: recordCount)
                guard
                    limits.admits(
                        shares[group], isNewProvider: known == nil, whileHolding: whole)
                else { throw .groupFull }
            }
            let limit = limits.recordCountPerProvider(whileHolding: recordCount)
            guard (known?.recordCount ?? 0) < limit else { throw .providerFull }
            guard (records[multihash]?.count ?? 0) < limits.providerCountPerKey else { return }
            records[multihash, default: []].append(
                Record(provider: provider.id, expiresAt: expiresAt))
            recordCount += 1
            providers[provider.id, default: Provider()].recordCount += 1
            if let group = known?.group { shares.add(group, records: 1) }
        }
        if let group { assign(group, to: provider.id) }
        if !provider.addresses.isEmpty {
            providers[provider.id]?.addresses = provider.addresses
            providers[provider.id]?.addressesExpireAt = now + limits.addressLifetime
        }
    }

    /// Counts a provider and its records to a group unless it has one.
    private mutating func assign(_ group: IPGroup, to provider: PeerID) {
        guard let known = providers[provider], known.group == nil else { return }
        providers[provider]?.group = group
        shares.add(group, providers: 1, records: known.recordCount)
    }

    /// As ``ProviderStore/providers(of:limit:now:)``.
    public func providers(of multihash: Multihash, limit: Int, now: Duration) -> [PeerInfo] {
        guard let known = records[multihash] else { return [] }
        return known.lazy.filter { $0.expiresAt > now }.prefix(limit).map { record in
            let provider = providers[record.provider]
            let isFresh = (provider?.addressesExpireAt ?? .zero) > now
            return PeerInfo(
                id: record.provider, addresses: isFresh ? provider?.addresses ?? [] : [])
        }
    }

    /// As ``ProviderStore/removeExpired(now:)``.
    ///
    /// - Complexity: O(n) in the records.
    @discardableResult
    public mutating func removeExpired(now: Duration) -> Int {
        var removedCount = 0
        for (multihash, known) in records where known.contains(where: { $0.expiresAt <= now }) {
            for record in known where record.expiresAt <= now {
                removedCount += 1
                guard var provider = providers[record.provider] else { continue }
                provider.recordCount -= 1
                let isLast = provider.recordCount == 0
                providers[record.provider] = isLast ? nil : provider
                if let group = provider.group {
                    shares.add(group, providers: isLast ? -1 : 0, records: -1)
                }
            }
            let left = known.filter { $0.expiresAt > now }
            records[multihash] = left.isEmpty ? nil : left
        }
        recordCount -= removedCount
        return removedCount
    }
}

extension ProviderStoreError {
    /// The whole store is full.
    static let storeFull = ProviderStoreError(.full, "the provider store is full")
    /// One provider has its share.
    static let providerFull = ProviderStoreError(
        .providerFull, "the provider has as many records as one may have")
    /// One IP group has its share.
    static let groupFull = ProviderStoreError(
        .groupFull, "the providers of its IP group have as much as those of one may have")
}
