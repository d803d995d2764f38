// SPDX-License-Identifier: Apache-2.0

/// The name of an object.
///
/// 1 to ``maximumByteCount`` characters of `A-Z`, `a-z`, `0-9`, `.`, `-` and `_`, not beginning
/// with a dot, so that it is a plain file name and a plain S3 key alike.
public struct ObjectKey: Hashable, Sendable {
    /// The longest name, in bytes: what file systems allow (255), less a suffix of the store's.
    public static let maximumByteCount = 200

    /// The name itself.
    public let name: String

    /// The key of that name; nil if the name is empty, too long or has other characters.
    public init?(_ name: String) {
        guard !name.isEmpty, name.utf8.count <= Self.maximumByteCount,
            name.utf8.first != UInt8(ascii: ".")
        else { return nil }
        for character in name.utf8 {
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                continue
            default: return nil
            }
        }
        self.name = name
    }
}

extension ObjectKey: Comparable {
    /// Orders by the name's bytes.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}

extension ObjectKey: CustomStringConvertible {
    /// The name itself.
    public var description: String { name }
}
