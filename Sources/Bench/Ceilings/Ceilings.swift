// SPDX-License-Identifier: Apache-2.0

/// How fast this machine does the single things that an ingest consists of, each alone.
///
/// Figures of cores are by their own CPU time, so that other programs disturb little: the median
/// of several trials. Those that wait for a device are by the clock, and the fastest trial counts:
/// a ceiling is what the machine can do.
public struct Ceilings: Hashable, Sendable {
    /// Bytes per second of one core, and of all cores at once.
    public struct CoreRate: Hashable, Sendable {
        /// What was measured, such as "sha2-256".
        public var name: String
        /// Bytes per second of CPU time while the other cores are idle.
        public var perCore: Double
        /// Bytes per second of all cores while all are busy.
        public var allCores: Double
    }

    /// Reading one large file from the page cache, in bytes per second of one core.
    public var cachedReadRate: Double
    /// Reading one large file from its device, in bytes per second; nil where the file system has
    /// no device, or the pages would not leave the cache.
    public var deviceReadRate: Double?
    /// Writing one large file into the page cache, in bytes per second of one core.
    public var cachedWriteRate: Double
    /// Writing one large file until it is durable, in bytes per second.
    public var durableWriteRate: Double
    /// Writing one block and syncing it, in seconds: the median.
    public var syncSeconds: Double
    /// Each hash function that CIDs are made with.
    public var hashes: [CoreRate]
    /// Catalog rows inserted per second, durably, in commits of 16,384.
    public var insertRate: Double
    /// CPU seconds per row inserted.
    public var insertCPUSeconds: Double
    /// Catalog look-ups per second of blocks that are held, 1,024 a call.
    public var hitRate: Double
    /// Catalog look-ups per second of blocks that are not held, 1,024 a call.
    public var missRate: Double
}

/// What one corpus costs at least, on this machine.
public struct CorpusCost: Hashable, Sendable {
    /// Listing the directories and asking for the status of each entry, in CPU seconds.
    public var scanSeconds: Double
    /// Opening and reading each file from the page cache, in CPU seconds.
    public var readSeconds: Double
    /// Compressing its bytes as the ingest does.
    public var compression: Ceilings.CoreRate
    /// Compressing its bytes at fixed levels, by "zstd:LEVEL", with the ratio that comes of it.
    public var levels: [Level]

    /// One level of zstd on the bytes of a corpus.
    public struct Level: Hashable, Sendable {
        /// The rate; its name is that of the level.
        public var rate: Ceilings.CoreRate
        /// Bytes before through bytes after.
        public var ratio: Double
    }
}
