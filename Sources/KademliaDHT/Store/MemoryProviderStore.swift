// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats
import Synchronization

/// A provider store that forgets all when the process ends: for tests, and hosts without a
/// repository.
public final class MemoryProviderStore: ProviderStore {
    private let table: Mutex<ProviderTable>

    /// Makes an empty store.
    public init(limits: ProviderStoreLimits = ProviderStoreLimits()) {
        table = Mutex(ProviderTable(limits: limits))
    }

    /// As in ``ProviderStore``.
    public func add(
        _ multihash: Multihash, provider: PeerInfo, from group: IPGroup?, now: Duration
    ) async throws {
        try table.withLock { try $0.add(multihash, provider: provider, from: group, now: now) }
    }

    /// As in ``ProviderStore``.
    public func providers(of multihash: Multihash, limit: Int, now: Duration) async -> [PeerInfo] {
        table.withLock { $0.providers(of: multihash, limit: limit, now: now) }
    }

    /// Does nothing: there is nowhere to store.
    public func flush() async {}

    /// As in ``ProviderStore``.
    public func removeExpired(now: Duration) async -> Int {
        table.withLock { $0.removeExpired(now: now) }
    }

    /// As in ``ProviderStore``.
    public var recordCount: Int { table.withLock { $0.recordCount } }

    /// Does nothing, as above.
    public func close() async {}
}
