// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import TestSupport
import Testing

@testable import Discovery

struct RendezvousMessageTests {
    private static let messages: [RendezvousMessage] = [
        .register(.init(namespace: "a", signedPeerRecord: [1, 2], lifetimeSeconds: 7_200)),
        .register(.init(namespace: "b", signedPeerRecord: [])),
        .registerResponse(.ok, text: "", lifetimeSeconds: 7_200),
        .registerResponse(.invalidTTL, text: "no", lifetimeSeconds: nil),
        .unregister(namespace: "a"),
        .discover(namespace: nil, limit: nil, cookie: nil),
        .discover(namespace: "a", limit: 5, cookie: [9]),
        .discoverResponse(
            .ok, text: "", [.init(namespace: "a", signedPeerRecord: [3])], cookie: [7]),
        .discoverResponse(.invalidCookie, text: "no", [], cookie: []),
    ]

    @Test(arguments: messages)
    func `a message reads back as it was written`(message: RendezvousMessage) throws {
        #expect(try RendezvousMessage(protobuf: message.protobuf) == message)
    }

    @Test func `bytes are those of the spec`() {
        let message = RendezvousMessage.discover(namespace: "x", limit: 2, cookie: [5])
        #expect(message.protobuf == [8, 3, 0x2a, 8, 0x0a, 1, 0x78, 0x10, 2, 0x1a, 1, 5])
        let answer = RendezvousMessage.registerResponse(.ok, text: "", lifetimeSeconds: 7_200)
        #expect(answer.protobuf == [8, 1, 0x1a, 5, 8, 0, 0x18, 0xa0, 0x38])
    }

    @Test(
        arguments: [
            [], [8, 5], [8, 0], [0x12, 0], [8, 1, 0x12, 0], [8, 3, 0x2a, 200],
            [8, 0, 0x12, 2, 0x0a, 9],
        ] as [[UInt8]])
    func `what is no message is refused`(bytes: [UInt8]) {
        #expect(throws: ProtobufError.self) { try RendezvousMessage(protobuf: bytes) }
    }

    @Test func `an answer with too many registrations is refused`() {
        let registrations = Array(
            repeating: RendezvousMessage.Registration(namespace: "a", signedPeerRecord: []),
            count: 1_001)
        let message = RendezvousMessage.discoverResponse(.ok, text: "", registrations, cookie: [])
        #expect(throws: ProtobufError.tooMany(field: 1)) {
            try RendezvousMessage(protobuf: message.protobuf)
        }
    }

    @Test func `damaged bytes never do harm`() throws {
        var generator = SeededGenerator(seed: SeededGenerator.runSeed)
        var readable = 0
        for round in 0..<20_000 {
            var bytes = Self.messages[round % Self.messages.count].protobuf
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                switch Int.random(in: 0..<3, using: &generator) {
                case 0:
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                        .random(in: 0...255, using: &generator)
                case 1: bytes.append(.random(in: 0...255, using: &generator))
                default: if bytes.count > 1 { bytes.removeLast() }
                }
            }
            // What can be read after all must survive being written again.
            if let message = try? RendezvousMessage(protobuf: bytes) {
                readable += 1
                let again = try RendezvousMessage(protobuf: message.protobuf)
                #expect(again == message, "seed \(SeededGenerator.runSeed)")
            }
        }
        #expect(readable > 0)
    }
}
