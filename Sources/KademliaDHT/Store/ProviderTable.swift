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

    /// Makes an empty table.
    public init(limits: ProviderStoreLimits = ProviderStoreLimits()) { self.limits = limits }

    /// As ``ProviderStore/add(_:provider:now:)``.
    ///
    /// - Throws: ``ProviderStoreError`` with `full` or `providerFull`.
    public mutating func add(
        _ multihash: Multihash, provider: PeerInfo, now: Duration
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
            let limit = limits.recordCountPerProvider(whileHolding: recordCount)
            guard (known?.recordCount ?? 0) < limit else { throw .providerFull }
            guard (records[multihash]?.count ?? 0) < limits.providerCountPerKey else { return }
            records[multihash, default: []].append(
                Record(provider: provider.id, expiresAt: expiresAt))
            recordCount += 1
            providers[provider.id, default: Provider()].recordCount += 1
        }
        if !provider.addresses.isEmpty {
            providers[provider.id]?.addresses = provider.addresses
            providers[provider.id]?.addressesExpireAt = now + limits.addressLifetime
        }
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
                providers[record.provider]?.recordCount -= 1
                if providers[record.provider]?.recordCount == 0 {
                    providers[record.provider] = nil
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
}
