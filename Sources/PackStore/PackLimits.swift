// SPDX-License-Identifier: Apache-2.0

/// When a pack is large enough.
public struct PackLimits: Hashable, Sendable {
    /// The most blocks of a pack.
    ///
    /// Default 65,536: an index of some 5 MiB, and a chunk of work that GC, tiering and verify can
    /// do at one go. At most 1,048,576.
    public var blockCount: Int
    /// The stored bytes from which on a pack takes no more frames.
    ///
    /// Default 256 MiB: large enough that syncing it costs little per byte, small enough to
    /// rewrite. The last frame may pass it.
    public var storedByteCount: Int64

    /// The defaults.
    public static let `default` = PackLimits()

    /// Limits with each property given; counts beyond the format's are cut down to it.
    public init(blockCount: Int = 65_536, storedByteCount: Int64 = 256 << 20) {
        self.blockCount = min(max(blockCount, 1), PackFormat.maximumBlockCount)
        self.storedByteCount = max(storedByteCount, 1)
    }
}
