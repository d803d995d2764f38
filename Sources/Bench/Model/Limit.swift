// SPDX-License-Identifier: Apache-2.0

/// What an ingest must do at the very least, and how fast its machine does each part.
///
/// Pure arithmetic; `Docs/benchmarks.md` explains the model.
public struct Work: Hashable, Sendable {
    /// CPU seconds for listing directories and `stat`.
    public var scanSeconds = 0.0
    /// CPU seconds for opening and reading files.
    public var readSeconds = 0.0
    /// Bytes to hash.
    public var hashBytes = 0.0
    /// Bytes hashed per second by all cores.
    public var hashRate = Double.infinity
    /// Bytes to compress.
    public var compressBytes = 0.0
    /// Bytes compressed per second by all cores.
    public var compressRate = Double.infinity
    /// Bytes to store.
    public var storeBytes = 0.0
    /// Bytes made durable per second.
    public var storeRate = Double.infinity
    /// Bytes written into the page cache per second, by one core.
    public var storeCPURate = Double.infinity
    /// Rows to insert into the catalog.
    public var insertRows = 0.0
    /// Rows made durable per second.
    public var insertRate = Double.infinity
    /// CPU seconds for each row.
    public var insertCPUSeconds = 0.0
    /// Syncs that must wait for one another when all else is done.
    public var finalSyncs = 0.0
    /// Seconds for each sync.
    public var syncSeconds = 0.0
    /// Bytes that would have to come from the device were they not cached.
    public var deviceReadBytes = 0.0
    /// Bytes per second that the device delivers; nil if not known.
    public var deviceReadRate: Double?
    /// Cores.
    public var cores = 1

    /// No work.
    public init() {}
}

/// The least time in which a machine could do some work.
public struct Limit: Hashable, Sendable {
    /// What can be short.
    public enum Resource: String, CaseIterable, Sendable {
        /// Cores.
        case cores
        /// The device that is written to.
        case disk
        /// The catalog's one writer.
        case catalog
    }

    /// One thing that cores must do.
    public struct Part: Hashable, Sendable {
        /// What.
        public let name: String
        /// Seconds of one core.
        public let coreSeconds: Double
    }

    /// What the cores have to do.
    public let parts: [Part]
    /// Seconds that each resource is busy at least.
    public let seconds: [Resource: Double]
    /// Seconds for the syncs at the end.
    public let finalSeconds: Double
    /// Seconds for reading from the device; nil if its rate is not known.
    public let deviceReadSeconds: Double?

    /// The limit for `work` on a machine with `cores` times the cores and `disk` times the disk.
    public init(_ work: Work, cores: Double = 1, disk: Double = 1) {
        let count = Double(work.cores)
        parts = [
            Part(name: "scan", coreSeconds: work.scanSeconds),
            Part(name: "read", coreSeconds: work.readSeconds),
            Part(name: "hash", coreSeconds: work.hashBytes / work.hashRate * count),
            Part(name: "compress", coreSeconds: work.compressBytes / work.compressRate * count),
            Part(name: "write", coreSeconds: work.storeBytes / work.storeCPURate),
            Part(name: "catalog", coreSeconds: work.insertRows * work.insertCPUSeconds),
        ]
        let coreSeconds = parts.reduce(0) { $0 + $1.coreSeconds }
        seconds = [
            .cores: coreSeconds / count / cores, .disk: work.storeBytes / work.storeRate / disk,
            .catalog: work.insertRows / work.insertRate,
        ]
        finalSeconds = work.finalSyncs * work.syncSeconds
        deviceReadSeconds = work.deviceReadRate.map { work.deviceReadBytes / $0 }
    }

    /// The resource that is short: what is busy longest.
    public var bound: Resource {
        // Ties go to the first, so that the answer is always the same.
        Resource.allCases.reduce(.cores) { best, next in
            seconds[next, default: 0] > seconds[best, default: 0] ? next : best
        }
    }

    /// The least time: what is busy longest, then the syncs at the end.
    public var total: Double { seconds[bound, default: 0] + finalSeconds }

    /// The least time if the data had to come from their device first; nil if not known.
    public var totalFromDevice: Double? {
        deviceReadSeconds.map { max($0, seconds[bound, default: 0]) + finalSeconds }
    }
}

/// What more of the machine would buy.
public struct WhatIf: Hashable, Sendable {
    /// The least time with it, in seconds.
    public let limitSeconds: Double
    /// How many times as fast the limit would be.
    public let gain: Double

    /// Compares the limit of `work` with that of a machine with so many times as much.
    public init(_ work: Work, cores: Double = 1, disk: Double = 1) {
        let better = Limit(work, cores: cores, disk: disk).total
        limitSeconds = better
        gain = better > 0 ? Limit(work).total / better : 1
    }
}
