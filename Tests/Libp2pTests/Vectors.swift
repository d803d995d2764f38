// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Reads the tables under `Fixtures/libp2p`.
enum Vectors {
    /// The table `name`.json.
    static func load<Table: Decodable>(_ name: String, as type: Table.Type = Table.self) -> Table {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        do {
            let data = try Data(contentsOf: root.appending(path: "Fixtures/libp2p/\(name).json"))
            return try JSONDecoder().decode(type, from: data)
        } catch { preconditionFailure("no vectors \(name): \(error)") }
    }
}

extension [UInt8] {
    /// The bytes of hexadecimal text, which must be right.
    init(hex: String) {
        let digits = hex.compactMap(\.hexDigitValue)
        precondition(digits.count == hex.count && digits.count % 2 == 0, "bad hexadecimal \(hex)")
        self = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    /// Lowercase hexadecimal text.
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    /// The bytes in pieces of `byteCount`.
    func pieces(of byteCount: Int) -> [[UInt8]] {
        stride(from: 0, to: count, by: byteCount).map {
            Array(self[$0..<Swift.min($0 + byteCount, count)])
        }
    }
}

/// A row of `keys.json`.
struct KeyVector: Decodable, Sendable, CustomTestStringConvertible {
    let type: String
    let privateKeyProtobuf: String
    let publicKeyProtobuf: String
    let peerIdMultihash: String
    let peerIdBase58: String
    let peerIdCidBase32: String
    let peerIdCidBase36: String

    var testDescription: String { type }

    static let all: [KeyVector] = Vectors.load("keys")
}
