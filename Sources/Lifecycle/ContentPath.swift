// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// A CID with a path below it, as users write it: `CID`, `CID/a/b`, `/ipfs/CID/a/b`.
public struct ContentPath: Hashable, Sendable, CustomStringConvertible {
    /// The CID at the start.
    public let root: CID
    /// The segments below, as bytes.
    public let segments: [[UInt8]]

    /// Parses what a user wrote; empty segments are left out.
    ///
    /// - Throws: ``ContentPathError``.
    public init(_ text: String) throws(ContentPathError) {
        var parts = text.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
        for scheme in ["ipfs:", "ipfs"] where parts.first == Array(scheme.utf8) {
            parts.removeFirst()
            break
        }
        guard let first = parts.first else {
            throw ContentPathError("\(text) names nothing; give a CID, or CID/path")
        }
        let cid = String(decoding: first, as: UTF8.self)
        do { root = try CID(text: cid) } catch {
            throw ContentPathError("\(cid) is no CID: \(error)")
        }
        segments = Array(parts.dropFirst())
    }

    /// "CID/a/b".
    public var description: String {
        ([root.description] + segments.map { String(decoding: $0, as: UTF8.self) })
            .joined(separator: "/")
    }
}

/// Text that is no ``ContentPath``.
public struct ContentPathError: Error, CustomStringConvertible, Sendable {
    /// What is wrong with it.
    public let description: String

    init(_ description: String) { self.description = description }
}
