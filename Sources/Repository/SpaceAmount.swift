// SPDX-License-Identifier: Apache-2.0

/// An amount of space: bytes, or a share of the file system.
public enum SpaceAmount: Hashable, Sendable {
    /// So many bytes.
    case bytes(Int64)
    /// A share of all that the file system has for users, 0 to 1.
    case share(Double)

    /// Bytes, of a file system of `capacity` bytes.
    public func byteCount(of capacity: Int64) -> Int64 {
        switch self {
        case .bytes(let count): count
        case .share(let share): Int64(Double(capacity) * share)
        }
    }
}

extension SpaceAmount: CustomStringConvertible {
    /// As it is written: "20GiB", "10%".
    public var description: String {
        switch self {
        case .bytes(let count): ByteSize.text(Int(clamping: count))
        case .share(let share):
            // A whole number where it is one.
            (share * 100).rounded() == share * 100
                ? "\(Int(share * 100))%" : "\(share * 100)%"
        }
    }
}

extension YAMLType where Value == SpaceAmount {
    /// A size as "20GiB", or a share of the file system as "10%".
    public static var space: YAMLType<SpaceAmount> {
        let share = YAMLType<Double>.share
        let size = YAMLType<Int>.size(0...Int.max)
        return YAMLType<SpaceAmount>(.any([share.schema, size.schema])) { node, problems in
            if case .scalar(let text, _) = node.content, text.hasSuffix("%") {
                return share.read(node, &problems).map { .share($0) }
            }
            return size.read(node, &problems).map { .bytes(Int64($0)) }
        }
    }
}
