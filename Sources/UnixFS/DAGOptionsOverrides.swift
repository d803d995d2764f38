// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// What the user asked for by name, on top of a profile; nil where nothing was said.
///
/// Holds what was written, unchecked: ``DAGOptions/init(profile:overrides:)`` checks it.
public struct DAGOverrides: Hashable, Sendable {
    /// `--chunker`.
    public var chunker: ChunkerSpec?
    /// `--layout`.
    public var layout: FileLayout?
    /// `--max-links`.
    public var maxLinks: Int?
    /// `--raw-leaves`, `--no-raw-leaves`.
    public var rawLeaves: Bool?
    /// `--cid-version`.
    public var cidVersion: Int?
    /// `--hash`.
    public var hash: HashFunction?
    /// `--inline`, in bytes.
    public var inlineLimit: Int?
    /// `--hamt-fanout`.
    public var hamtFanout: Int?
    /// `--hamt-threshold`, in bytes; zero for never.
    public var hamtThreshold: Int?
    /// `--hamt-estimator`.
    public var hamtEstimator: DirectoryRules.Estimator?
    /// `--max-directory-links`; zero for no limit.
    public var maxDirectoryLinks: Int?
    /// `--preserve-mode`.
    public var preserveMode: Bool?
    /// `--preserve-mtime`.
    public var preserveMtime: Bool?
    /// `--mode`; zero means that none was given, as in Kubo.
    public var mode: UInt32?
    /// `--mtime`; zero means that none was given, as in Kubo.
    public var mtime: Mtime?
    /// `--no-empty-dirs` makes it false.
    public var includeEmptyDirectories: Bool?

    /// Asks for nothing: the profile as published.
    public init() {}

    /// A time as the user wrote it.
    public struct Mtime: Hashable, Sendable {
        /// Seconds since the epoch; negative before.
        public var seconds: Int64
        /// Nanoseconds counted forward from ``seconds``, even where these are negative.
        public var nanoseconds: Int64

        /// Makes a time.
        public init(seconds: Int64, nanoseconds: Int64 = 0) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }
}

extension DAGOverrides {
    /// Reads `--hash`: a multicodec name, in any case.
    ///
    /// - Throws: ``DAGOptionsError/unknownHash(_:)``.
    public static func hash(parsing text: String) throws(DAGOptionsError) -> HashFunction {
        guard let function = HashFunction(name: text.lowercased()) else {
            throw .unknownHash(text)
        }
        return function
    }

    /// Reads `--hamt-threshold`: bytes, or `none`, which gives zero.
    ///
    /// - Throws: ``DAGOptionsError/value(option:_:expected:)``.
    public static func hamtThreshold(parsing text: String) throws(DAGOptionsError) -> Int {
        if text == "none" { return 0 }
        guard let byteCount = Int(text) else {
            throw .value(option: "--hamt-threshold", text, expected: "bytes, or none")
        }
        return byteCount
    }

    /// Reads `--mode`: octal digits, with `0` or `0o` before them or not.
    ///
    /// - Throws: ``DAGOptionsError/value(option:_:expected:)``.
    public static func mode(parsing text: String) throws(DAGOptionsError) -> UInt32 {
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
        guard let first = digits.first, first.isNumber, let mode = UInt32(digits, radix: 8) else {
            throw .value(option: "--mode", text, expected: "octal digits, such as 644")
        }
        return mode
    }

    /// Reads `--mtime`: seconds, with a fraction of one to nine digits or not.
    ///
    /// The fraction counts forward from the seconds: `-1.25` is three quarters of a second before
    /// the epoch.
    /// - Throws: ``DAGOptionsError/value(option:_:expected:)``.
    public static func mtime(parsing text: String) throws(DAGOptionsError) -> Mtime {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let seconds = Int64(parts[0]) else { throw invalidMtime(text) }
        guard parts.count == 2 else { return Mtime(seconds: seconds) }
        let digits = parts[1]
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ 48...57 ~= $0 }),
            let fraction = Int64(digits)
        else { throw invalidMtime(text) }
        let scale = (digits.utf8.count..<9).reduce(Int64(1)) { scale, _ in scale * 10 }
        return Mtime(seconds: seconds, nanoseconds: fraction * scale)
    }

    private static func invalidMtime(_ text: String) -> DAGOptionsError {
        .value(
            option: "--mtime", text,
            expected: "seconds since 1970, such as 1700000000 or 1700000000.5")
    }
}
