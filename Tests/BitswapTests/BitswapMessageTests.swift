// SPDX-License-Identifier: Apache-2.0

import IPLD
import Libp2p
import Multiformats
import TestSupport
import Testing

@testable import Bitswap

struct BitswapMessageTests {
    private func message() throws -> BitswapMessage {
        let block = try rawBlock(1)
        return BitswapMessage(
            wants: [
                BitswapMessage.Want(try cid(2), priority: 7, kind: .have, sendDontHave: true),
                BitswapMessage.Want(try cid(3), priority: -1),
                BitswapMessage.Want(try cid(4), priority: 0, isCancel: true),
            ], isFull: true,
            payloads: [BitswapMessage.Payload(prefix: block.cid.prefix, bytes: block.bytes)],
            presences: [
                BitswapMessage.Presence(try cid(5), isHave: true),
                BitswapMessage.Presence(try cid(6), isHave: false),
            ], pendingByteCount: 1_234)
    }

    private func body(_ framed: [UInt8]) throws -> ArraySlice<UInt8> {
        var cursor = 0
        let length = try Varint.read(from: framed.span, at: &cursor)
        #expect(Int(length) == framed.count - cursor)
        return framed[cursor...]
    }

    @Test func `a want is written in the bytes that others write`() throws {
        let cid = try cid(1)
        #expect(cid.bytes.count == 36)
        let message = BitswapMessage(wants: [BitswapMessage.Want(cid, sendDontHave: true)])
        let head: [UInt8] = [0x2e, 0x0a, 0x2c, 0x0a, 0x2a, 0x0a, 0x24]
        #expect(message.framed(.presences) == head + cid.bytes + [0x10, 0x01, 0x28, 0x01])
    }

    @Test func `presences and blocks are written in the bytes that others write`() throws {
        let block = try rawBlock(Array("hi".utf8))
        let have = BitswapMessage(presences: [BitswapMessage.Presence(block.cid, isHave: true)])
        #expect(have.framed(.presences) == [0x28, 0x22, 0x26, 0x0a, 0x24] + block.cid.bytes)
        let not = BitswapMessage(presences: [BitswapMessage.Presence(block.cid, isHave: false)])
        let tail: [UInt8] = [0x10, 0x01]
        #expect(not.framed(.presences) == [0x2a, 0x22, 0x28, 0x0a, 0x24] + block.cid.bytes + tail)
        let payload = BitswapMessage(
            payloads: [BitswapMessage.Payload(prefix: block.cid.prefix, bytes: block.bytes)])
        let prefix: [UInt8] = [0x0a, 0x04, 0x01, 0x55, 0x12, 0x20]
        let data: [UInt8] = [0x12, 0x02, 0x68, 0x69]
        #expect(payload.framed(.prefixedBlocks) == [0x0c, 0x1a, 0x0a] + prefix + data)
        #expect(payload.framed(.bareBlocks) == [0x04, 0x12, 0x02, 0x68, 0x69])
    }

    @Test func `what is written is read back`() throws {
        let message = try message()
        #expect(try BitswapMessage(decoding: try body(message.framed(.presences))) == message)
    }

    @Test func `older versions are told what they know`() throws {
        var expected = try message()
        expected.presences = []
        expected.wants.removeFirst()
        #expect(
            try BitswapMessage(decoding: try body(try message().framed(.prefixedBlocks)))
                == expected)
        expected.payloads[0].prefix = .version0
        expected.pendingByteCount = 0
        #expect(
            try BitswapMessage(decoding: try body(try message().framed(.bareBlocks))) == expected)
    }

    @Test func `a bare block is one of CIDv0`() throws {
        let message = try BitswapMessage(decoding: [0x12, 0x02, 0x68, 0x69])
        let cid = try #require(message.payloads.first).cid()
        #expect(cid.version == .v0)
        try cid.verify(Array("hi".utf8).span)
    }

    @Test func `a CID that cannot be read spoils the message`() throws {
        #expect(throws: BitswapError.self) {
            try BitswapMessage(decoding: [0x0a, 0x06, 0x0a, 0x04, 0x0a, 0x02, 0x01, 0x55])
        }
        #expect(throws: BitswapError.self) {
            try BitswapMessage(decoding: [0x1a, 0x05, 0x0a, 0x01, 0x07, 0x12, 0x00])
        }
    }

    @Test(arguments: [169, 1_000])
    func `a want whose CID is too long is ignored`(byteCount: Int) throws {
        var writer = ProtobufWriter()
        writer.message(1) { list in
            list.message(1) { $0.bytes(1, Array(repeating: 1, count: byteCount)) }
            list.message(1) { $0.bytes(1, Array("\u{1}U\0\u{2}hi".utf8)) }
        }
        let message = try BitswapMessage(decoding: writer.bytes[...])
        #expect(message.wants.map(\.cid.bytes) == [[0x01, 0x55, 0x00, 0x02, 0x68, 0x69]])
    }

    @Test func `a negative count of pending bytes is none`() throws {
        // Field 5, -1: a varint of ten bytes.
        let bytes: [UInt8] = [0x28] + Array(repeating: 0xff, count: 9) + [0x01]
        let message = try BitswapMessage(decoding: bytes[...])
        #expect(message == BitswapMessage())
    }

    @Test func `more entries than count are ignored`() throws {
        let cid = CID(v1: .raw, try HashFunction.identity.multihash(of: [UInt8]().span))
        let message = BitswapMessage(
            wants: Array(repeating: BitswapMessage.Want(cid), count: 100_000),
            presences: Array(
                repeating: BitswapMessage.Presence(cid, isHave: true), count: 100_000))
        let read = try BitswapMessage(decoding: try body(message.framed(.presences)))
        #expect(read.wants.count == BitswapMessage.wantLimit)
        #expect(read.presences.count == BitswapMessage.answerLimit)
    }

    @Test func `every truncation is read as less or refused`() throws {
        let bytes = try body(try message().framed(.presences))
        for count in 0..<bytes.count {
            // Either is right; what matters is that nothing traps.
            let cut = try? BitswapMessage(decoding: bytes.prefix(count))
            #expect(cut != (try message()))
        }
    }

    @Test func `no bytes make reading trap`() throws {
        let seed = SeededGenerator.runSeed
        var generator = SeededGenerator(seed: seed)
        let sound = Array(try body(try message().framed(.presences)))
        var readCount = 0
        for round in 0..<20_000 {
            var bytes = sound
            if round.isMultiple(of: 4) {
                bytes = (0..<Int.random(in: 0..<200, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
            } else {
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let index = bytes.indices.randomElement(using: &generator) ?? 0
                    bytes[index] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            // Refusing is as good as reading.
            if let message = try? BitswapMessage(decoding: bytes[...]) {
                readCount += 1
                for payload in message.payloads { _ = try? payload.cid() }  // may be refused, too
                let again = try BitswapMessage(decoding: try body(message.framed(.presences)))
                #expect(again == message, "seed \(seed), round \(round)")
            }
        }
        #expect(readCount > 100, "seed \(seed)")
    }
}
