// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Tells whether a directory is sharded, from entries counted one by one.
///
/// The answer depends on the set of entries alone, and once yes it stays yes: a caller may stop
/// keeping entries for a basic directory as soon as ``isSharded`` is true.
public struct DirectoryEstimate: Hashable, Sendable {
    /// The rules applied.
    public let rules: DirectoryRules
    /// Entries counted.
    public private(set) var entryCount = 0
    /// The estimate in bytes, by the rules' estimator.
    public private(set) var byteCount: Int

    /// Starts with an empty directory.
    public init(rules: DirectoryRules, metadata: UnixFSMetadata = .none) {
        self.rules = rules
        switch rules.estimator {
        case .links: byteCount = 0
        case .block:
            let message = UnixFSData(kind: .directory, metadata: metadata).encode()
            byteCount = Self.fieldByteCount(message.count)
        }
    }

    /// Whether a directory of the entries counted is sharded.
    public var isSharded: Bool {
        if let threshold = rules.hamtThreshold, byteCount > threshold { return true }
        if let limit = rules.maxDirectoryLinks, entryCount > limit { return true }
        return false
    }

    /// Counts one entry.
    public mutating func add(name: some Collection<UInt8>, cid: CID, tsize: UInt64) {
        entryCount += 1
        let (sum, overflow) = byteCount.addingReportingOverflow(
            Self.linkByteCount(
                nameByteCount: name.count, cidByteCount: cid.bytes.count, tsize: tsize,
                estimator: rules.estimator))
        byteCount = overflow ? .max : sum
    }

    /// What one link adds to the estimate, in bytes.
    static func linkByteCount(
        nameByteCount: Int, cidByteCount: Int, tsize: UInt64,
        estimator: DirectoryRules.Estimator
    ) -> Int {
        switch estimator {
        case .links: return nameByteCount + cidByteCount
        case .block:
            let link =
                fieldByteCount(cidByteCount) + fieldByteCount(nameByteCount)
                + 1 + ProtobufWire.byteCount(of: tsize)
            return fieldByteCount(link)
        }
    }

    /// A length-delimited field: one byte of tag, its length, its bytes.
    private static func fieldByteCount(_ byteCount: Int) -> Int {
        1 + ProtobufWire.byteCount(of: UInt64(byteCount)) + byteCount
    }
}
