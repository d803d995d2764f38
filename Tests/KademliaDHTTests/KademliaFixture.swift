// SPDX-License-Identifier: Apache-2.0

import Foundation
import KademliaDHT
import Libp2p
import Multiformats
import TestSupport
import Testing

/// A row of `Fixtures/kad-dht/vectors.txt`.
struct KademliaFixture: Sendable, CustomTestStringConvertible {
    let name: String
    let values: [String]

    var testDescription: String { name }

    /// The rows of one sort.
    static func rows(_ sort: String) -> [KademliaFixture] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let url = root.appending(path: "Fixtures/kad-dht/vectors.txt")
        guard let text = try? String(contentsOf: url, encoding: .utf8) else {
            preconditionFailure("no fixture")  // the test run cannot mean anything
        }
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").map(String.init)
            guard fields.first == sort else { return nil }
            return KademliaFixture(name: fields[1], values: Array(fields.dropFirst(2)))
        }
    }

    /// The bytes of a value.
    func bytes(_ index: Int) -> [UInt8] {
        let digits = values[index].utf8.map { UInt8($0 > 57 ? $0 - 87 : $0 - 48) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

extension PeerID {
    /// Peer `number`: the ID of an Ed25519 key that nobody has the private half of.
    static func test(_ number: UInt64) -> PeerID {
        var generator = SeededGenerator(seed: number)
        let key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        do { return try PeerID([0x00, 0x24, 0x08, 0x01, 0x12, 0x20] + key) } catch {
            preconditionFailure("peer \(number): \(error)")
        }
    }
}

extension Multihash {
    /// Block `number`.
    static func test(_ number: UInt64) -> Multihash {
        var generator = SeededGenerator(seed: number &+ 1 << 32)
        let digest = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Multihash(code: .sha2_256, digest: digest)
    }
}

extension Multiaddr {
    /// A TCP address on an IPv4 host.
    static func tcp(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) -> Multiaddr {
        Multiaddr(components: [.ip4([first, second, third, fourth]), .tcp(4001)])
    }
}
