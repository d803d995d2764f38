// SPDX-License-Identifier: Apache-2.0

/// A domain name: labels of 1 to 63 bytes, 255 bytes in all.
///
/// Compared without regard to the case of ASCII letters, as names in DNS are.
package struct DNSName: Hashable, Sendable, CustomStringConvertible {
    package static let maximumLabelByteCount = 63
    /// With a length byte per label and the empty one at the end.
    package static let maximumByteCount = 255

    package let labels: [[UInt8]]

    /// Names the labels; nil if one is empty or too long, or all are.
    package init?(labels: [[UInt8]]) {
        guard labels.allSatisfy({ 1...Self.maximumLabelByteCount ~= $0.count }),
            labels.reduce(1, { $0 + $1.count + 1 }) <= Self.maximumByteCount
        else { return nil }
        self.labels = labels
    }

    /// Splits a text at its dots.
    package init?(_ text: String) {
        self.init(labels: text.split(separator: ".").map { Array($0.utf8) })
    }

    /// The name below `parent` whose first label is `label`.
    package init?(_ label: String, in parent: DNSName) {
        self.init(labels: [Array(label.utf8)] + parent.labels)
    }

    /// Whether the name is `parent` with one label before it.
    package func isChild(of parent: DNSName) -> Bool {
        labels.count == parent.labels.count + 1
            && Self.folded(Array(labels.dropFirst())) == Self.folded(parent.labels)
    }

    private static func folded(_ labels: [[UInt8]]) -> [[UInt8]] {
        labels.map { $0.map { 0x41...0x5a ~= $0 ? $0 | 0x20 : $0 } }
    }

    package static func == (left: DNSName, right: DNSName) -> Bool {
        folded(left.labels) == folded(right.labels)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(Self.folded(labels)) }

    package var description: String {
        labels.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".")
    }
}
