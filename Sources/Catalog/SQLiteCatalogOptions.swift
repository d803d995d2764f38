// SPDX-License-Identifier: Apache-2.0

/// How a ``SQLiteCatalog`` uses memory and time.
public struct SQLiteCatalogOptions: Hashable, Sendable {
    /// The page caches of all connections together, in bytes: 16 MiB unless told, at least 1 MiB.
    ///
    /// Half of it is the writer's.
    public var cacheByteCount: Int = 16 << 20

    /// How long a call waits for another writer: 30 seconds unless told.
    public var busyTimeout: Duration = .seconds(30)

    /// How many reads may run at once: 2 unless told, at least 1.
    public var readerCount: Int = 2

    /// How many bytes of filters over stored blocks may be in memory: 40 MiB unless told.
    ///
    /// That is room for about 40 million blocks; fewer need less. Beyond it filters are read from the
    /// file when they are asked, which takes some microseconds each.
    public var filterByteCount: Int = 40 << 20

    /// How many blocks gather in the small table before they become a sorted run: 16,384.
    ///
    /// More make writes cheaper at tens of millions of blocks, and small commits dearer. Tests
    /// lower it to meet every layout early.
    package var recentLimit: Int = 16_384

    /// All at their defaults.
    public init() {}
}
