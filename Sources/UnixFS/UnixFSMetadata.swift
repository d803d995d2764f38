// SPDX-License-Identifier: Apache-2.0

/// A modification time.
public struct UnixFSTimestamp: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z; negative before.
    public var seconds: Int64
    /// Nanoseconds counted forward from ``seconds``, 0...999,999,999.
    public var nanoseconds: UInt32

    /// Makes a time; `nanoseconds` must be below a thousand million.
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        precondition(nanoseconds < 1_000_000_000, "\(nanoseconds) ns is over a second")
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Go's zero time, the first instant of year one, which Kubo takes for "no time".
    static let goZero = UnixFSTimestamp(seconds: -62_135_596_800)
}

/// What an object may carry about the file it was made from.
public struct UnixFSMetadata: Hashable, Sendable {
    /// Permission bits in the low twelve bits; nil if not recorded, zero if recorded as zero.
    public var mode: UInt32?
    /// The modification time; nil if not recorded.
    public var mtime: UnixFSTimestamp?

    /// Makes metadata that is written exactly as given.
    public init(mode: UInt32? = nil, mtime: UnixFSTimestamp? = nil) {
        self.mode = mode
        self.mtime = mtime
    }

    /// No metadata.
    public static let none = UnixFSMetadata()

    /// Whether nothing is recorded.
    public var isEmpty: Bool { mode == nil && mtime == nil }

    /// What an object of the file system is.
    public enum Kind: Sendable {
        case file
        case directory
        case symlink
    }

    /// The metadata that Kubo records for attributes taken from a file system.
    ///
    /// A symlink has no mode. A mode of zero is left out for a file but written for a directory,
    /// whose mode in Go holds a type bit as well. Go's zero time counts as no time.
    public static func preserved(
        mode: UInt32?, mtime: UnixFSTimestamp?, of kind: Kind
    ) -> UnixFSMetadata {
        let bits = mode.map { $0 & 0xfff }
        let kept: UInt32? =
            switch kind {
            case .symlink: nil
            case .directory: bits
            case .file: bits == 0 ? nil : bits
            }
        return UnixFSMetadata(mode: kept, mtime: mtime == .goZero ? nil : mtime)
    }
}
