// SPDX-License-Identifier: Apache-2.0

import Dispatch
import GRDB
public import Libp2p
public import Multiformats
import Synchronization

/// Provider records in one SQLite file of their own, in WAL mode.
///
/// Records are taken into memory and written in batches: by whoever brings a batch to its full
/// count, and by ``flush()``. So a crash loses what came since the last flush, which providers
/// announce again anyway. At most two batches are in memory (about 5 MB); who comes while both are
/// full waits. Besides, each provider takes about 100 bytes of memory.
///
/// One process uses the file at a time. Times in it are milliseconds since 1970.
public final class SQLiteProviderStore: ProviderStore {
    /// What the database holds of a provider.
    struct Provider: Sendable {
        let number: Int64
        var recordCount: Int
        /// The IP group that it counts to.
        var group: IPGroup?
    }

    struct State: Sendable {
        var pending = PendingRecords()
        /// What is being written now.
        var inFlight: PendingRecords?
        /// Mirrors the table `providers`; changed after each commit.
        var providers: [PeerID: Provider] = [:]
        var storedCount = 0
        /// Sums of `providers`.
        var shares = GroupShares()
        var isClosed = false
        /// Who waits until what is being written has been.
        var waiters: [CheckedContinuation<Void, Never>] = []

        /// Records in memory, some of which may renew stored ones.
        var pendingCount: Int { pending.count + (inFlight?.count ?? 0) }

        /// The IP group that a provider counts to.
        func group(of provider: PeerID) -> IPGroup? {
            providers[provider]?.group ?? inFlight?.groups[provider] ?? pending.groups[provider]
        }

        /// What the providers of an IP group have; those in memory may count twice.
        func share(of group: IPGroup) -> GroupShares.Share {
            shares[group] + pending.shares[group]
                + (inFlight?.shares[group] ?? GroupShares.Share())
        }
    }

    /// Where the file lies.
    public let path: String
    /// What is remembered at most.
    public let limits: ProviderStoreLimits
    /// Records that are written at once.
    let batchCount: Int
    let pool: DatabasePool
    let state: Mutex<State>

    init(
        path: String, limits: ProviderStoreLimits, batchCount: Int, pool: DatabasePool,
        state: State
    ) {
        self.path = path
        self.limits = limits
        self.batchCount = batchCount
        self.pool = pool
        self.state = Mutex(state)
    }

    /// As in ``ProviderStore``.
    public func add(
        _ multihash: Multihash, provider: PeerInfo, from group: IPGroup?, now: Duration
    ) async throws {
        while true {
            switch try take(multihash, provider, group, now: now) {
            case .taken: return
            case .batchIsFull: return try await write()
            case .memoryIsFull: await waitForWriter()
            case .limit(let error):
                // At the limit, records may still be renewed.
                guard try await isStored(multihash, by: provider.id) else { throw error }
                try take(multihash, provider, group, now: now, isRenewal: true)
                return
            }
        }
    }

    /// As in ``ProviderStore``.
    public func flush() async throws {
        try state.withLock { state throws(ProviderStoreError) in
            guard !state.isClosed else { throw .closed }
        }
        await waitForWriter()
        try await write()
    }

    /// As in ``ProviderStore``.
    ///
    /// Records in memory that renew stored ones count twice.
    public var recordCount: Int {
        state.withLock { $0.storedCount + $0.pendingCount }
    }

    /// As in ``ProviderStore``.
    public func close() async throws {
        try await flush()
        state.withLock { $0.isClosed = true }
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            // Closing has no asynchronous form in GRDB and waits for the disk.
            DispatchQueue.global().async { [pool] in
                continuation.resume(
                    with: Result {
                        do { try pool.close() } catch { throw ProviderStoreError.wrap(error) }
                    })
            }
        }
    }

    private enum Taking { case taken, batchIsFull, memoryIsFull, limit(ProviderStoreError) }

    /// Takes a record into memory if there is room.
    @discardableResult
    private func take(
        _ multihash: Multihash, _ provider: PeerInfo, _ source: IPGroup?, now: Duration,
        isRenewal: Bool = false
    ) throws -> Taking {
        let record = PendingRecords.Record(
            provider: provider.id, expiresAt: (now + limits.recordLifetime).milliseconds)
        let addresses =
            provider.addresses.isEmpty
            ? nil
            : PendingRecords.Addresses(
                list: provider.addresses, expireAt: (now + limits.addressLifetime).milliseconds)
        return try state.withLock { state throws(ProviderStoreError) in
            guard !state.isClosed else { throw .closed }
            let group = state.group(of: provider.id) ?? source
            if !isRenewal, !state.pending.contains(multihash, provider.id) {
                if let error = limitMet(by: provider.id, group, state) { return .limit(error) }
                if state.pending.count >= batchCount, state.inFlight != nil {
                    return .memoryIsFull
                }
            }
            state.pending.add(multihash, record, addresses: addresses, group: group)
            let isFull = state.pending.count >= batchCount && state.inFlight == nil
            return isFull ? .batchIsFull : .taken
        }
    }

    private func limitMet(
        by provider: PeerID, _ group: IPGroup?, _ state: State
    ) -> ProviderStoreError? {
        let held = state.storedCount + state.pendingCount
        if held >= limits.recordCount { return .storeFull }
        let stored = state.providers[provider]
        let pending = state.pending.counts[provider] ?? 0
        let inFlight = state.inFlight?.counts[provider] ?? 0
        let isNew = stored == nil && pending + inFlight == 0
        let providerCount =
            state.providers.count + state.pending.counts.count
            + (state.inFlight?.counts.count ?? 0)
        if isNew, providerCount >= limits.providerCount { return .storeFull }
        if let group {
            let whole = GroupShares.Share(providerCount: providerCount, recordCount: held)
            guard
                limits.admits(
                    state.share(of: group), isNewProvider: isNew, whileHolding: whole)
            else { return .groupFull }
        }
        let count = (stored?.recordCount ?? 0) + pending + inFlight
        return count >= limits.recordCountPerProvider(whileHolding: held) ? .providerFull : nil
    }

    /// Waits until nobody writes.
    private func waitForWriter() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.inFlight == nil { return true }
                state.waiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
