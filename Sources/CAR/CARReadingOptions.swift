// SPDX-License-Identifier: Apache-2.0

/// How a CAR is read.
public struct CARReadingOptions: Hashable, Sendable {
    /// What is made of a section of no bytes.
    public enum EmptySection: Hashable, Sendable, CaseIterable {
        /// It is an error.
        case refuse
        /// It ends the data, as in files that were padded with zeros.
        case end
    }

    /// What is done about a block's hash.
    public enum Verification: Hashable, Sendable {
        /// Every block must hash to its CID by a known function, which reads every byte once.
        case everyBlock
        /// The reader of the sections verifies, or trusts.
        case none
    }

    /// The largest header accepted, in bytes; default 1 MiB, which holds over 20,000 roots.
    public var maximumHeaderByteCount: Int
    /// The largest section accepted, CID included, in bytes; default 8 MiB, at most 64 MiB.
    ///
    /// Up to twice as much is held in memory.
    public var maximumSectionByteCount: Int
    /// What is made of a section of no bytes; default: an error.
    public var emptySection: EmptySection
    /// Whether blocks are verified; default: every one.
    public var verification: Verification

    /// The largest value of ``maximumSectionByteCount`` and ``maximumHeaderByteCount``.
    public static let largestLimit = 64 << 20

    /// Makes options; limits over ``largestLimit`` or below 64 bytes are a mistake of the caller.
    public init(
        maximumHeaderByteCount: Int = 1 << 20, maximumSectionByteCount: Int = 8 << 20,
        emptySection: EmptySection = .refuse, verification: Verification = .everyBlock
    ) {
        for limit in [maximumHeaderByteCount, maximumSectionByteCount] {
            precondition((64...Self.largestLimit).contains(limit), "limit of \(limit) bytes")
        }
        self.maximumHeaderByteCount = maximumHeaderByteCount
        self.maximumSectionByteCount = maximumSectionByteCount
        self.emptySection = emptySection
        self.verification = verification
    }
}
