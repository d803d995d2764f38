// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Cairn's host and Kubo's, each dialling the other.
@Suite(
    .serialized,
    .enabled("the peers cannot be installed here (see Scripts/peers)") {
        try await Peers.absence() == nil
    })
struct KuboConnectionTests {
    /// How Kubo secures connections, and the type of its key.
    struct Kind: Sendable, CustomTestStringConvertible {
        let security: String
        let keyType: String
        var testDescription: String { "\(security), \(keyType)" }
    }

    static let kinds = [
        Kind(security: "noise", keyType: "ed25519"), Kind(security: "tls", keyType: "ed25519"),
        Kind(security: "noise", keyType: "rsa"), Kind(security: "tls", keyType: "rsa"),
        Kind(security: "noise", keyType: "secp256k1"),
        Kind(security: "tls", keyType: "secp256k1"),
        Kind(security: "noise", keyType: "ecdsa"), Kind(security: "tls", keyType: "ecdsa"),
    ]

    private let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    @Test(arguments: kinds)
    func `Kubo and Cairn connect, identify and ping, whoever dials`(_ kind: Kind) async throws {
        let bench = try CairnBench(scratch.path("cairn"))
        let node = try await bench.node()
        let kubo = try await PeerNode.kubo(
            scratch.path("kubo"), "--security", kind.security, "--key-type", kind.keyType)

        try await bench.run("swarm", "connect", kubo.address)
        #expect(try await kubo.peers() == [node.id])
        try await expectIdentified(kubo, by: bench)
        let pings = try await bench.json("ping", kubo.id, "--count", "2")
        #expect(pings.compactMap { $0["seconds"] as? Double }.filter { $0 > 0 }.count == 2)

        try await bench.run("swarm", "disconnect", kubo.id)
        while try await !kubo.peers().isEmpty {}
        try await kubo.call("connect", ["addr": node.address])
        #expect(try await kubo.peers() == [node.id])
        try await expectIdentified(kubo, by: bench)
        #expect(try await bench.json("ping", kubo.id, "--count", "1").count == 1)

        await kubo.quit()
        #expect(await node.interrupt() == 0)
    }

    @Test func `WebSocket carries the same`() async throws {
        let bench = try CairnBench(scratch.path("cairn"))
        let node = try await bench.node()
        let kubo = try await PeerNode.kubo(scratch.path("kubo"), "--websocket")
        let addresses = try #require(kubo.ready["addrs"] as? [String])
        let webSocket = try #require(addresses.first { $0.contains("/ws/") })
        try await bench.run("swarm", "connect", webSocket)
        #expect(try await kubo.peers() == [node.id])
        #expect(try await bench.json("ping", kubo.id, "--count", "1").count == 1)
        await kubo.quit()
        #expect(await node.interrupt() == 0)
    }

    /// Identify has told Cairn what Kubo is and speaks.
    private func expectIdentified(_ kubo: PeerNode, by bench: CairnBench) async throws {
        while true {
            let peers = try await bench.json("swarm", "peers")
            let peer = try #require(peers.first { $0["id"] as? String == kubo.id })
            guard let protocols = peer["protocols"] as? [String] else { continue }
            #expect(protocols.contains("/ipfs/lan/kad/1.0.0"))
            #expect(protocols.contains("/ipfs/bitswap/1.2.0"))
            #expect((peer["agent"] as? String)?.hasPrefix("kubo/0.22.0") == true)
            return
        }
    }
}
