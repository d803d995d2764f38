// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@Suite struct CIDTextTests {
    @Test(arguments: CIDVector.all)
    func `texts are read and written`(_ vector: CIDVector) throws {
        let cid = try CID(vector.bytes)
        #expect(cid.description == vector.text)
        #expect(try CID(text: vector.text) == cid)
        #expect(cid.toV1().text(in: .base58btc) == vector.v1Base58)
        #expect(try CID(text: vector.v1Base58) == cid.toV1())
        for encoding in MultibaseEncoding.allCases {
            let text = cid.text(in: encoding)
            #expect(try CID(text: text) == cid, "\(encoding)")
            #expect(vector.version == .v1 || text == vector.text)
        }
    }

    @Test func `one peer ID has a text in base 32 and in base 36`() throws {
        let base36 = "k51qzi5uqu5dk4kbd5bpmklj30q0q8n3091bncahugkx18e84p1od2rk25olsd"
        let cid = try CID(text: "bafzaajaiaejcbhr3im6l2mocxctoxpoktgf5b5gccqojzgxviixjoycrwhtdv4kn")
        #expect(try CID(text: base36) == cid)
        #expect(cid.text(in: .base36) == base36)
    }

    @Test(arguments: CIDVector.all)
    func `only a DAG-PB block with sha2-256 has version 0`(_ vector: CIDVector) throws {
        let cid = try CID(vector.bytes)
        let v0 = cid.toV0()
        #expect((v0 != nil) == (vector.codec == "dag-pb" && vector.function == "sha2-256"))
        #expect(v0.map { $0.toV1() } ?? cid.toV1() == cid.toV1())
        #expect(v0?.version ?? .v0 == .v0)
        #expect(cid.toV1().multihash == cid.multihash)
    }

    static let v0 = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"

    @Test(
        arguments: [
            ("", .multibase(.empty)), ("b", .cid(.varint(.truncated(offset: 0)))),
            (String(v0.dropLast()), .multibase(.unknownPrefix(0x51))),
            (v0 + "n", .multibase(.unknownPrefix(0x51))),
            // As a digit, 0 is not in base58btc.
            (String(v0.dropLast()) + "0", .multibase(.invalidDigit(offset: 45))),
            ("z" + v0, .wrongVersion), ("Qm" + String(repeating: "z", count: 44), .wrongText),
            ("/ipfs/" + v0, .multibase(.unknownPrefix(0x2f))),
            (" " + v0, .multibase(.unknownPrefix(0x20))),
            ("bafkqaaa ", .multibase(.invalidDigit(offset: 8))),
            ("bafkqaab", .multibase(.strayBits(offset: 7))),
            ("bafkqaaaa", .cid(.trailingBytes(offset: 4))),
            ("bafkqaba", .cid(.multihash(.truncated(offset: 2)))),
            (String(repeating: "b", count: 321), .tooLong(byteCount: 321)),
        ] as [(String, Refusal)])
    func `text that is no CID is refused`(_ text: String, _ refusal: Refusal) {
        switch refusal {
        case .wrongText: #expect(throws: CIDTextError.self) { try CID(text: text) }
        default: #expect(throws: refusal.error) { try CID(text: text) }
        }
    }

    /// What to expect; which bytes 46 letters z are is of no interest.
    enum Refusal: Sendable {
        case multibase(MultibaseError)
        case cid(CIDError)
        case tooLong(byteCount: Int)
        case wrongVersion
        case wrongText

        var error: CIDTextError {
            switch self {
            case .multibase(let error): .multibase(error)
            case .cid(let error): .cid(error)
            case .tooLong(let byteCount): .tooLong(byteCount: byteCount)
            case .wrongVersion, .wrongText: .wrongVersion
            }
        }
    }

    @Test(arguments: CIDVector.all)
    func `text cut short or with another digit never gives the same CID`(
        _ vector: CIDVector
    ) throws {
        let cid = try CID(vector.bytes)
        for length in 0..<vector.text.count {
            let cut = String(vector.text.prefix(length))
            #expect(throws: CIDTextError.self, "\(cut)") { try CID(text: cut) }
        }
        let digits = Array(vector.text.utf8)
        // From digit 1 on, as another base may differ in its prefix only; and bit 5 is the case.
        for bit in 7..<digits.count * 7 where bit % 7 != 5 || vector.version == .v0 {
            var flipped = digits
            flipped[bit / 7] ^= 1 << (bit % 7)
            // Text that is refused is fine here: it is not the same CID either.
            let other = try? CID(text: String(decoding: flipped, as: UTF8.self))
            #expect(other != cid, "bit \(bit % 7) of digit \(bit / 7)")
        }
    }
}
