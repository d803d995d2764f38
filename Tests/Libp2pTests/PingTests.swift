// SPDX-License-Identifier: Apache-2.0

import Libp2p
import TestSupport
import Testing

@Suite struct PingTests {
    @Test(arguments: [1, 5, 31, 32, 64])
    func `rounds go there and back, in pieces of any size`(_ pieceByteCount: Int) throws {
        var random = SeededGenerator(seed: 1)
        var initiator = PingInitiator()
        var responder = PingResponder()
        for round in 1...3 {
            let start = Duration.seconds(round)
            var answer: [UInt8] = []
            for piece in initiator.start(using: &random, at: start).pieces(of: pieceByteCount) {
                answer += responder.receive(piece)
            }
            var elapsed: Duration?
            for piece in answer.pieces(of: pieceByteCount) {
                #expect(elapsed == nil)
                elapsed = try initiator.receive(piece, at: start + .milliseconds(7))
            }
            #expect(elapsed == .milliseconds(7))
        }
    }

    @Test func `several rounds in one piece are answered, a part of one is not`() {
        var responder = PingResponder()
        let bytes = [UInt8](0..<80)
        #expect(responder.receive(bytes) == Array(bytes[..<64]))
        #expect(responder.receive(Array(80..<96)) == Array(64..<96))
    }

    @Test func `another answer than the question is refused`() throws {
        var random = SeededGenerator(seed: 1)
        var initiator = PingInitiator()
        #expect(throws: PingError.unasked) { try initiator.receive([1], at: .zero) }
        var bytes = initiator.start(using: &random, at: .zero)
        var greedy = initiator
        #expect(throws: PingError.unasked) { try greedy.receive(bytes + [0], at: .zero) }
        bytes[31] ^= 1
        #expect(throws: PingError.otherBytes) { try initiator.receive(bytes, at: .zero) }
    }
}
