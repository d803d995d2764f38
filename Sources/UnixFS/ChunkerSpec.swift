// SPDX-License-Identifier: Apache-2.0

/// Which chunker cuts a file, with its sizes: what `--chunker` says.
///
/// Two texts that name the same cuts are equal values: `rabin` is `rabin-262144` is
/// `rabin-87381-262144-393216`.
public struct ChunkerSpec: Hashable, Sendable {
    /// The largest chunk that is accepted, in bytes: the 2 MiB block limit of Bitswap less 256
    /// bytes for the dag-pb frame of a leaf, as in Kubo 0.43.
    public static let chunkByteCountLimit = 2 * 1024 * 1024 - 256

    /// The average that `rabin` and `fastcdc` aim at when none is given, and the size of
    /// `default`: 256 KiB.
    public static let defaultByteCount = 256 * 1024

    /// Sizes of a content-defined chunker, in bytes.
    public struct Bounds: Hashable, Sendable {
        /// No cut is made before this many bytes, except at the end of the file.
        public let minimum: Int
        /// The size the cuts aim at.
        public let average: Int
        /// A cut is made here if none came before.
        public let maximum: Int
    }

    /// How cuts are found.
    public enum Algorithm: Hashable, Sendable {
        /// Every chunk has this many bytes, except the last.
        case size(Int)
        /// Rabin fingerprints over 16 bytes.
        case rabin(Bounds)
        /// Cyclic polynomials over 32 bytes, with Kubo's fixed sizes.
        case buzhash
        /// Gear hashes over 64 bytes with normalised chunking.
        case fastCDC(Bounds)
    }

    /// How cuts are found, and where.
    public let algorithm: Algorithm

    /// Keeps an algorithm whose sizes were checked.
    init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
    }

    /// 256 KiB chunks, the default of Kubo and of `unixfs-v0-2015`.
    public static let size256KiB = ChunkerSpec(.size(256 * 1024))

    /// 1 MiB chunks, those of `unixfs-v1-2025`.
    public static let size1MiB = ChunkerSpec(.size(1024 * 1024))

    /// Kubo's `buzhash`.
    public static let buzhash = ChunkerSpec(.buzhash)

    /// No chunk but the last of a file is shorter, in bytes.
    public var minimumChunkByteCount: Int {
        switch algorithm {
        case .size(let byteCount): byteCount
        case .rabin(let bounds), .fastCDC(let bounds): bounds.minimum
        case .buzhash: Buzhash.minimumByteCount
        }
    }

    /// No chunk is longer, in bytes; at most ``chunkByteCountLimit``.
    public var maximumChunkByteCount: Int {
        switch algorithm {
        case .size(let byteCount): byteCount
        case .rabin(let bounds), .fastCDC(let bounds): bounds.maximum
        case .buzhash: Buzhash.maximumByteCount
        }
    }
}

extension ChunkerSpec: CustomStringConvertible {
    /// The text with all sizes spelled out; ``init(parsing:)`` reads it back.
    public var description: String {
        switch algorithm {
        case .size(let byteCount): "size-\(byteCount)"
        case .rabin(let bounds):
            "rabin-\(bounds.minimum)-\(bounds.average)-\(bounds.maximum)"
        case .buzhash: "buzhash"
        case .fastCDC(let bounds):
            "fastcdc-\(bounds.minimum)-\(bounds.average)-\(bounds.maximum)"
        }
    }
}
