// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats

/// Where a DHT server keeps which peers provide which blocks.
///
/// Records are soft state that providers renew daily: an implementation may lose the last moments
/// of them in a crash, but never makes one up. Times are durations since 1970 (UTC), as records
/// outlive the process. All calls are safe from any task.
public protocol ProviderStore: Sendable {
    /// Remembers that `provider` has the block with `multihash`, until
    /// ``ProviderStoreLimits/recordLifetime`` from now; renews what is known already.
    ///
    /// Suspends while the store cannot keep up. `provider.addresses` replace those known, unless
    /// empty. A provider counts to the first `group` that it came from, as long as there is a record
    /// of it; one that only came from nil is in no group.
    ///
    /// - Throws: ``ProviderStoreError``.
    func add(
        _ multihash: Multihash, provider: PeerInfo, from group: IPGroup?, now: Duration
    ) async throws

    /// The peers that provide the block, each with the addresses that have not expired, in no
    /// order; at most `limit`.
    ///
    /// - Throws: ``ProviderStoreError``.
    func providers(of multihash: Multihash, limit: Int, now: Duration) async throws -> [PeerInfo]

    /// Puts what is in memory only where it outlives the process; to be called about every second.
    ///
    /// Not cut short by cancellation: it is called when a DHT that was cancelled ends.
    ///
    /// - Throws: ``ProviderStoreError``.
    func flush() async throws

    /// Drops what has expired; to be called about every hour.
    ///
    /// - Returns: how many records went.
    /// - Throws: ``ProviderStoreError``; `CancellationError`.
    @discardableResult
    func removeExpired(now: Duration) async throws -> Int

    /// How many records there are, expired ones that nobody removed yet included.
    var recordCount: Int { get async throws }

    /// Stores what is still in memory only, and ends; later calls throw.
    ///
    /// - Throws: ``ProviderStoreError``.
    func close() async throws
}

extension ProviderStore {
    /// As ``add(_:provider:from:now:)``, from no IP group.
    ///
    /// - Throws: ``ProviderStoreError``.
    public func add(_ multihash: Multihash, provider: PeerInfo, now: Duration) async throws {
        try await add(multihash, provider: provider, from: nil, now: now)
    }
}

/// How much a provider store remembers.
public struct ProviderStoreLimits: Hashable, Sendable {
    /// Records in all.
    ///
    /// Default 5 million, which take about 400 MB on disk.
    public var recordCount: Int
    /// Records of one provider.
    ///
    /// Default 2 million.
    public var recordCountPerProvider: Int
    /// How many of the last records are for providers with few: a handful of peers with very many
    /// do not leave all others out.
    ///
    /// Default 1 million.
    public var reservedCount: Int
    /// How many records are few.
    ///
    /// Default 50,000.
    public var fewRecordCount: Int
    /// Providers of one block; later ones are left out silently.
    ///
    /// Default 512.
    public var providerCountPerKey: Int
    /// Peers that provide anything.
    ///
    /// Default 100,000.
    public var providerCount: Int
    /// How full a store is when it begins to bound IP groups: the share of ``recordCount``, or of
    /// ``providerCount``.
    ///
    /// Default 0.5: below that nobody is left out.
    public var crowdedFill: Double
    /// The share of the same that the providers of one IP group may have then; who has more keeps
    /// it.
    ///
    /// Default 0.1: identities cost nothing, addresses in ten networks do.
    public var groupShare: Double
    /// How long a record is valid.
    ///
    /// Default 48 h, as everywhere in the public network.
    public var recordLifetime: Duration
    /// How long a provider's addresses are given out.
    ///
    /// Default 24 h.
    public var addressLifetime: Duration

    /// Sets all.
    public init(
        recordCount: Int = 5_000_000, recordCountPerProvider: Int = 2_000_000,
        reservedCount: Int = 1_000_000, fewRecordCount: Int = 50_000,
        providerCountPerKey: Int = 512, providerCount: Int = 100_000,
        crowdedFill: Double = 0.5, groupShare: Double = 0.1,
        recordLifetime: Duration = .seconds(48 * 3600),
        addressLifetime: Duration = .seconds(24 * 3600)
    ) {
        precondition(
            recordCount > 0 && recordCountPerProvider > 0 && providerCountPerKey > 0
                && providerCount > 0,
            "a store of \(recordCount), \(recordCountPerProvider), \(providerCountPerKey), "
                + "\(providerCount)")
        precondition(
            (0.0...1.0).contains(crowdedFill) && (0.0...1.0).contains(groupShare),
            "\(groupShare) of a store for a group once \(crowdedFill) of it are filled")
        self.recordCount = recordCount
        self.recordCountPerProvider = recordCountPerProvider
        self.reservedCount = reservedCount
        self.fewRecordCount = fewRecordCount
        self.providerCountPerKey = providerCountPerKey
        self.providerCount = providerCount
        self.crowdedFill = crowdedFill
        self.groupShare = groupShare
        self.recordLifetime = recordLifetime
        self.addressLifetime = addressLifetime
    }

    /// How many records a provider may have in a store that holds `count`.
    func recordCountPerProvider(whileHolding count: Int) -> Int {
        count < recordCount - reservedCount
            ? recordCountPerProvider : min(recordCountPerProvider, fewRecordCount)
    }
}

/// Why a provider store did not do what it was asked.
public struct ProviderStoreError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// A limit of the whole store is met. May be retried after some records have expired.
        case full
        /// The provider has as many records as one may. Retry as for `full`.
        case providerFull
        /// The IP group of the provider has as much as one may. Retry as for `full`.
        case groupFull
        /// The file is damaged, or something else. It can be deleted: records are soft state.
        case corrupt
        /// A newer release wrote the file.
        case newerSchema
        /// The disk, or SQLite, failed. May be retried.
        case inputOutput
        /// The store has been closed.
        case closed
    }

    /// The kind.
    public let code: Code
    /// What happened, for people.
    public let message: String
    /// What lies below, if anything.
    public let cause: (any Error)?

    /// Describes a failure.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message.
    public var description: String { message }
}
