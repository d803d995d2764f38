// SPDX-License-Identifier: Apache-2.0

import Ingest

/// A pattern for paths in trees, with the wildcards of `gitignore(5)`.
///
/// Without a slash it is held against names, with one against paths from the root; `**/` stands
/// for any directories, a slash at the end for directories only.
public struct TreePattern: Hashable, Sendable {
    private let pattern: IgnorePattern
    private let ignoresCase: Bool

    /// Reads a pattern.
    ///
    /// - Throws: ``SnapshotError`` with `badReference` if it is empty or longer than 4,096 bytes.
    public init(_ text: String, ignoringCase: Bool = false) throws(SnapshotError) {
        var bytes = Array((ignoringCase ? text.lowercased() : text).utf8)
        guard !bytes.isEmpty, bytes.count <= IgnorePattern.byteCountLimit else {
            throw SnapshotError(
                .badReference, "a pattern has 1 to \(IgnorePattern.byteCountLimit) bytes")
        }
        // In a file of patterns it would be a negation.
        if bytes.first == UInt8(ascii: "!") { bytes.insert(UInt8(ascii: "\\"), at: 0) }
        pattern = IgnorePattern(bytes[...])
        ignoresCase = ignoringCase
    }

    /// Whether the path of these names matches.
    func matches(_ path: [[UInt8]], isDirectory: Bool) -> Bool {
        guard var name = path.last else { return false }
        var parents = Array(path.dropLast().joined(separator: [UInt8(ascii: "/")]))
        if path.count > 1 { parents.append(UInt8(ascii: "/")) }
        if ignoresCase {
            name = Self.lowercased(name)
            parents = Self.lowercased(parents)
        }
        let text = parents + name
        return pattern.matches(text.span, nameOffset: parents.count, isDirectory: isDirectory)
    }

    /// Names that are no UTF-8 stay as they are.
    private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
        String(validating: bytes, as: UTF8.self).map { Array($0.lowercased().utf8) } ?? bytes
    }
}
