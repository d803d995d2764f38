// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Logging
import Multiformats

/// A logger that says nothing.
let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The key of a made-up peer.
func key(_ number: UInt8) throws -> PrivateKey {
    try PrivateKey(ed25519Seed: Array(repeating: number, count: 32))
}

/// The signed record of a made-up peer.
func record(
    _ number: UInt8, _ addresses: [String] = ["/ip4/192.0.2.1/tcp/4001"], sequence: UInt64 = 1
) throws -> SignedEnvelope {
    let key = try key(number)
    return try PeerRecord(
        peerID: key.publicKey.peerID, sequence: sequence,
        addresses: addresses.map { try Multiaddr(text: $0) }
    ).seal(by: key)
}

/// The ID of a made-up peer.
func peer(_ number: UInt8) throws -> PeerID { try key(number).publicKey.peerID }
