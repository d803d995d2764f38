// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// A value of the IPLD data model.
///
/// Two values are equal if every codec encodes them to the same bytes: text is compared by its
/// UTF-8 and floats by their bits. Spec: <https://ipld.io/docs/data-model/kinds/>.
public enum IPLDValue: Sendable {
    /// Nothing.
    case null
    /// True or false.
    case bool(Bool)
    /// A whole number; the codecs write -2^64 … 2^64-1 and refuse others.
    case integer(Int128)
    /// A 64-bit float; the codecs refuse infinities and NaN.
    case float(Double)
    /// Unicode text.
    case string(String)
    /// Bytes.
    case bytes([UInt8])
    /// Values in order.
    case list([IPLDValue])
    /// Values by name.
    case map(IPLDMap)
    /// A link to a block. In a box of its own, as a CID would make every value larger by half.
    indirect case link(CID)
}

extension IPLDValue: Hashable {
    /// Whether every codec encodes both to the same bytes.
    public static func == (left: IPLDValue, right: IPLDValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.float(let left), .float(let right)): left.bitPattern == right.bitPattern
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.bytes(let left), .bytes(let right)): left == right
        case (.list(let left), .list(let right)): left == right
        case (.map(let left), .map(let right)): left == right
        case (.link(let left), .link(let right)): left == right
        default: false
        }
    }

    /// Feeds what `==` compares.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .float(let value): hasher.combine(value.bitPattern)
        case .string(let value): for byte in value.utf8 { hasher.combine(byte) }
        case .bytes(let value): hasher.combine(value)
        case .list(let value): hasher.combine(value)
        case .map(let value): hasher.combine(value)
        case .link(let value): hasher.combine(value)
        }
    }
}

extension IPLDValue {
    /// The value of a key; nil if there is none or this value is no map.
    ///
    /// - Complexity: O(log n) for a map of n entries.
    public subscript(key: String) -> IPLDValue? {
        if case .map(let map) = self { map[key] } else { nil }
    }

    /// Appends all links in this value and the values inside it, in the order of their encoding
    /// in DAG-JSON; a CID that is linked twice is given twice.
    ///
    /// - Complexity: O(number of values).
    public func appendLinks(to links: inout [CID]) {
        switch self {
        case .link(let cid): links.append(cid)
        case .list(let values): for value in values { value.appendLinks(to: &links) }
        case .map(let map): for entry in map.entries { entry.value.appendLinks(to: &links) }
        default: break
        }
    }
}
