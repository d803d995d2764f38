// SPDX-License-Identifier: Apache-2.0

/// The name of a place that packs are kept in, such as a directory or a bucket.
///
/// A name is 1 to ``maximumByteCount`` characters of `a-z`, `0-9`, `-` and `_`, so that it is a
/// plain path component everywhere.
public struct PackTier: Hashable, Sendable {
    /// The longest name, in bytes; a guess that no sensible name exceeds.
    public static let maximumByteCount = 64

    /// The permanent store of what was ingested here.
    public static let hot = PackTier(unchecked: "hot")
    /// Blocks fetched from peers, bounded by bytes and age.
    public static let cache = PackTier(unchecked: "cache")
    /// The long-term store: another directory, or a bucket.
    public static let cold = PackTier(unchecked: "cold")

    /// The name itself.
    public let name: String

    /// A tier of that name; nil if the name is empty, too long or has other characters.
    public init?(_ name: String) {
        guard !name.isEmpty, name.utf8.count <= Self.maximumByteCount else { return nil }
        for character in name.utf8 {
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                continue
            default: return nil
            }
        }
        self.name = name
    }

    private init(unchecked name: String) { self.name = name }
}

extension PackTier: CustomStringConvertible {
    /// The name itself.
    public var description: String { name }
}
