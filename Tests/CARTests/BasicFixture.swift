// SPDX-License-Identifier: Apache-2.0

import CAR
import Foundation
import IPLD
import Multiformats

/// What `Fixtures/car/basic.txt` says.
struct BasicFixture: Sendable {
    struct Version2: Sendable {
        let header: CARv2Header
        let byteCount: Int
        let sha256: String
        let index: [UInt8]
    }

    private(set) var roots: [CID] = []
    private(set) var sections: [(offset: Int, block: Block)] = []
    private(set) var byteCount = 0
    private(set) var sha256 = ""
    private(set) var version2: [Version2] = []

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: folder.appending(path: "Fixtures/car/basic.txt"), encoding: .utf8)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            func number(_ index: Int) -> Int { Int(words[index]) ?? -1 }
            switch words[0] {
            case "root": roots.append(try CID(bytes(hex: words[1])))
            case "section":
                let cid = try CID(bytes(hex: words[2]))
                sections.append((number(1), Block(cid: cid, bytes: bytes(hex: words[3]))))
            case "file":
                byteCount = number(1)
                sha256 = String(words[2])
            default:
                let header = CARv2Header(
                    dataOffset: UInt64(number(1)), dataByteCount: UInt64(number(2)),
                    indexOffset: UInt64(number(3)))
                version2.append(
                    Version2(
                        header: header, byteCount: number(4), sha256: String(words[5]),
                        index: bytes(hex: words[6])))
            }
        }
    }

    /// The CARv1, written by the code under test; its hash is checked in a test of its own.
    var file: [UInt8] {
        var output = CARHeader.encode(roots: roots)
        for section in sections {
            CARSection.append(cid: section.block.cid, bytes: section.block.bytes, to: &output)
        }
        return output
    }

    /// The CARv2 whose index has the form given.
    func version2File(_ form: CARIndex.Form) -> [UInt8] {
        var encoder = CARv2Encoder(indexForm: form)
        var output = encoder.start(roots: roots)
        for section in sections {
            output += encoder.section(
                section.block.cid, blockByteCount: section.block.bytes.count)
            output += section.block.bytes
        }
        let ending = encoder.finish()
        output += ending.index
        output.replaceSubrange(CARv2Encoder.headerOffset..<51, with: ending.header)
        return output
    }
}

/// The bytes that hex digits spell; other characters are skipped.
func bytes(hex: some StringProtocol) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}

/// The lower-case hex digits of `bytes`.
func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// The SHA2-256 of `bytes` in hex.
func sha256(_ bytes: [UInt8]) throws -> String {
    hex(try HashFunction.sha2_256.digest(of: bytes.span))
}
