// SPDX-License-Identifier: Apache-2.0

import Foundation
import IPLD
import Multiformats
import TestSupport
import Testing

/// The lines of a table under `Fixtures/ipld`, split at tabs.
func fixtureRows(_ name: String) -> [[String]] {
    let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    let url = root.appending(path: "Fixtures/ipld/\(name)")
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
        preconditionFailure("no fixture \(name)")  // the test run cannot mean anything
    }
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
        line.split(separator: "\t").map(String.init)
    }
}

/// A value and the CIDs of its encodings.
struct FixtureValue: Sendable, CustomTestStringConvertible {
    let name: String
    let cids: [(codec: Multicodec, text: String)]
    let json: [UInt8]

    var testDescription: String { name }

    static let all = fixtureRows("values.tsv").map { row in
        let codecs = [Multicodec.dagJSON, .dagCBOR, .dagPB]
        let cids = zip(codecs, row[1...3]).filter { $0.1 != "-" }
        return FixtureValue(name: row[0], cids: cids.map { ($0, $1) }, json: Array(row[4].utf8))
    }
}

/// A value that DAG-PB refuses, and why.
struct FixtureRefusal: Sendable, CustomTestStringConvertible {
    let error: String
    let json: [UInt8]

    var testDescription: String { String(decoding: json, as: UTF8.self) }

    static let all = fixtureRows("not-dag-pb.tsv").map { row in
        FixtureRefusal(error: row[0], json: Array(row[1].utf8))
    }
}

/// The CID of `bytes` by sha2-256.
func cid(_ codec: Multicodec, of bytes: [UInt8]) throws -> CID {
    CID(v1: codec, try HashFunction.sha2_256.multihash(of: bytes.span))
}

extension SeededGenerator {
    /// A random value whose lists and maps are at most `depth` deep.
    mutating func value(depth: Int) -> IPLDValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &self) {
        case 0: return .null
        case 1: return .bool(.random(using: &self))
        case 2: return .integer(Int128(next() >> (next() % 64)) - Int128(next() % 2 << 40))
        case 3:
            let float = Double(bitPattern: next())
            return .float(float.isFinite ? float : 0)
        case 4: return .string(text())
        case 5: return .bytes((0..<next() % 40).map { _ in UInt8(truncatingIfNeeded: next()) })
        case 6:
            let digest = text().utf8.prefix(Multihash.maximumDigestByteCount)
            return .link(CID(v1: .raw, Multihash(code: .identity, digest: digest)))
        case 7: return .list((0..<next() % 5).map { _ in value(depth: depth - 1) })
        default:
            var map = IPLDMap()
            for _ in 0..<next() % 5 { map[text() + "k"] = value(depth: depth - 1) }
            return .map(map)
        }
    }

    private mutating func text() -> String {
        let scalars = Array("aZ/\"\\\n\u{1}\u{7f}é水𐅑e\u{301}".unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<next() % 12 { text.append(scalars[Int(next() % UInt64(scalars.count))]) }
        return String(text)
    }
}
