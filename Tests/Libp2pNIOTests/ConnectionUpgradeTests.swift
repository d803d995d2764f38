// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import TestSupport
import Testing

@testable import Libp2pNIO

@Suite
struct ConnectionUpgradeTests {
    private let near = PrivateKey.makeEd25519()
    private let far = PrivateKey.makeEd25519()

    @Test(arguments: [1, 3, 1000])
    func `two sides agree however their bytes are cut`(_ pieceByteCount: Int) throws {
        var initiator = upgrade(isInitiator: true, near, expecting: far)
        var responder = upgrade(isInitiator: false, far)
        var toResponder = initiator.start()
        var toInitiator = responder.start()
        var results: [ConnectionUpgrade.Established] = []
        var turns = 0
        while results.count < 2, turns < 10_000 {
            turns += 1
            for isInitiator in [true, false] {
                var input = isInitiator ? toInitiator : toResponder
                let piece = Array(input.prefix(pieceByteCount))
                input.removeFirst(piece.count)
                if isInitiator { toInitiator = input } else { toResponder = input }
                if piece.isEmpty { continue }
                let step =
                    try isInitiator ? initiator.receive(piece) : responder.receive(piece)
                if isInitiator { toResponder += step.output } else { toInitiator += step.output }
                if case .established(let result) = step.outcome { results.append(result) }
            }
        }
        #expect(Set(results.map(\.remoteKey)) == [near.publicKey, far.publicKey])
        #expect(results.allSatisfy { $0.security == .noise && $0.surplus.isEmpty })
    }

    @Test
    func `TLS is left to the shell, with what came behind its name`() throws {
        var responder = upgrade(isInitiator: false, far)
        let hello = MultistreamInitiator(["/tls/1.0.0"]).start() + [22, 3, 1]
        let step = try responder.receive(hello)
        guard case .startTLS(let surplus) = step.outcome else {
            Issue.record("\(step)")
            return
        }
        #expect(surplus == [22, 3, 1])
        let done = try responder.tlsCompleted(key: near.publicKey, alpn: "/yamux/1.0.0")
        guard case .established(let result) = done.outcome else {
            Issue.record("\(done)")
            return
        }
        #expect(result.remoteKey == near.publicKey)
    }

    @Test
    func `without a muxer from TLS it is negotiated inside`() throws {
        var responder = upgrade(isInitiator: false, far)
        _ = try responder.receive(MultistreamInitiator(["/tls/1.0.0"]).start())
        let begun = try responder.tlsCompleted(key: near.publicKey, alpn: "libp2p")
        #expect(begun.output == MultistreamResponder([]).start())
        let inside = MultistreamInitiator(["/mplex/6.7.0", "/yamux/1.0.0"])
        let refused = try responder.receive(inside.start())
        #expect(refused.output == [3] + Array("na\n".utf8))
        let taken = try responder.receive([13] + Array("/yamux/1.0.0\n".utf8) + [9, 9])
        guard case .established(let result) = taken.outcome else {
            Issue.record("\(taken)")
            return
        }
        #expect(result.surplus == [9, 9])
        #expect(result.security == .tls)
    }

    @Test
    func `TLS with another peer than the dialled one is refused`() throws {
        var initiator = ConnectionUpgrade(
            isInitiator: true, identity: near, expecting: far.publicKey.peerID, securities: [.tls])
        _ = initiator.start()
        _ = try initiator.receive(
            MultistreamResponder([]).start() + [11] + Array("/tls/1.0.0\n".utf8))
        let error = #expect(throws: HostError.self) {
            try initiator.tlsCompleted(key: near.publicKey, alpn: nil)
        }
        #expect(error?.code == .wrongPeer)
    }

    @Test(arguments: [true, false])
    func `no bytes make it trap`(_ isInitiator: Bool) {
        var random = SeededGenerator(seed: SeededGenerator.runSeed)
        let starts: [[UInt8]] = [
            [], MultistreamResponder([]).start(), MultistreamInitiator(["/noise"]).start(),
        ]
        for round in 0..<2000 {
            var machine = upgrade(isInitiator: isInitiator, near)
            _ = machine.start()
            do {
                var step = try machine.receive(starts[round % starts.count])
                for _ in 0..<5 {
                    guard case .pending = step.outcome else { break }
                    let count = Int.random(in: 0...200, using: &random)
                    step = try machine.receive(
                        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
                }
            } catch {}
        }
    }

    private func upgrade(
        isInitiator: Bool, _ identity: PrivateKey, expecting peer: PrivateKey? = nil
    ) -> ConnectionUpgrade {
        ConnectionUpgrade(
            isInitiator: isInitiator, identity: identity, expecting: peer?.publicKey.peerID,
            securities: [.noise, .tls])
    }
}
