// SPDX-License-Identifier: Apache-2.0

import Testing

// Handshakes with fixed keys, which nobody else may make.
@testable import Libp2p

@Suite struct NoiseFuzzTests {
    @Test func `only the genuine handshake gives a channel`() throws {
        var mutator = Mutator("Noise handshakes")
        let vector = NoiseVectors.shared.libp2p
        let (first, second) = ([UInt8](hex: vector.frame1), [UInt8](hex: vector.frame2))
        let third = [UInt8](hex: vector.frame3)
        for _ in 0..<Mutator.inputCount / 4 {
            var (initiator, responder) = try NoiseTests.vectorSides()
            _ = try initiator.start()
            let answer = mutator.mutate([second, second, first])
            do throws(NoiseError) {
                for piece in mutator.pieces(answer) {
                    guard try initiator.receive(piece).channel != nil else { continue }
                    #expect(answer.starts(with: second))
                    break
                }
            } catch { #expect(!error.description.isEmpty) }
            let input = mutator.mutate([first + third, first + third, second])
            do throws(NoiseError) {
                for piece in mutator.pieces(input) {
                    guard try responder.receive(piece).channel != nil else { continue }
                    #expect(input.starts(with: first + third))
                    break
                }
            } catch { #expect(!error.description.isEmpty) }
        }
    }

    @Test func `a channel opens nothing but what was sealed, in order`() throws {
        var mutator = Mutator("Noise channels")
        let (sender, receiver) = try NoiseTests.channels()
        let plaintexts = [[1, 2, 3], [UInt8](repeating: 4, count: 300), [], [5]]
        var sealing = sender
        let sealed = try plaintexts.flatMap { try sealing.seal($0) }
        let plaintext = plaintexts.flatMap { $0 }
        for _ in 0..<Mutator.inputCount {
            var channel = receiver
            var opened: [UInt8] = []
            do throws(NoiseError) {
                for piece in mutator.pieces(mutator.mutate([sealed])) {
                    opened += try channel.open(piece)
                }
            } catch { #expect(!error.description.isEmpty) }
            #expect(plaintext.starts(with: opened))
        }
    }

    @Test func `payloads of the handshake`() throws {
        var mutator = Mutator("Noise payloads")
        let payload = NoisePayload(
            identityKey: [8, 1, 18, 0], signature: [1, 2], muxers: ["/yamux/1.0.0", "/mplex/6.7.0"])
        for _ in 0..<Mutator.inputCount {
            // What is refused is of no interest here.
            guard let read = try? NoisePayload(protobuf: mutator.mutate([payload.protobuf])) else {
                continue
            }
            #expect(read.muxers.count <= NoisePayload.maximumMuxerCount)
            #expect(try NoisePayload(protobuf: read.protobuf) == read)
        }
    }
}
