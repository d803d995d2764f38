// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Testing

@Suite struct MultistreamTests {
    struct Frame: Decodable, Sendable {
        let text: String
        let framed: String
    }
    struct Frames: Decodable {
        let multistream: [Frame]
    }

    static let header = "132f6d756c746973747265616d2f312e302e300a"
    static let noise = "072f6e6f6973650a"
    static let yamux = "0d2f79616d75782f312e302e300a"
    static let na = "036e610a"
    static let ls = "036c730a"

    @Test func `published messages are those that are sent`() throws {
        for frame in Vectors.load("frames", as: Frames.self).multistream where frame.text != "na" {
            let id = ProtocolID(frame.text)
            #expect(MultistreamInitiator([id]).start().hex == Self.header + frame.framed)
            var responder = MultistreamResponder([id])
            let step = try responder.receive([UInt8](hex: Self.header + frame.framed))
            #expect(step.output.hex == frame.framed && step.agreed == id && step.surplus == [])
        }
        var responder = MultistreamResponder([])
        #expect(try responder.receive([UInt8](hex: Self.header + Self.noise)).output.hex == Self.na)
        #expect(responder.start().hex == Self.header)
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `both sides agree, in pieces of any size`(_ pieceByteCount: Int) throws {
        var initiator = MultistreamInitiator(["/a/1", "/b/1", "/c/1"])
        var responder = MultistreamResponder(["/c/1", "/b/1", "/z"])
        var toResponder = initiator.start()
        var toInitiator = responder.start()
        var agreed: (ProtocolID?, ProtocolID?)
        while agreed.0 == nil || agreed.1 == nil {
            try #require(!(toResponder.isEmpty && toInitiator.isEmpty))
            var answer: [UInt8] = []
            for piece in toResponder.pieces(of: pieceByteCount) {
                let step = try responder.receive(piece)
                answer += step.output
                agreed.1 = step.agreed ?? agreed.1
            }
            toInitiator += answer
            toResponder = []
            for piece in toInitiator.pieces(of: pieceByteCount) {
                let step = try initiator.receive(piece)
                toResponder += step.output
                agreed.0 = step.agreed ?? agreed.0
            }
            toInitiator = []
        }
        #expect(agreed.0 == "/b/1" && agreed.1 == "/b/1")
    }

    @Test func `data sent along with the proposal come out behind the negotiation`() throws {
        var responder = MultistreamResponder(["/yamux/1.0.0"])
        let step = try responder.receive([UInt8](hex: Self.header + Self.yamux + "000001"))
        #expect(step.agreed == "/yamux/1.0.0")
        #expect(step.surplus == [0, 0, 1])
        var initiator = MultistreamInitiator(["/yamux/1.0.0"])
        #expect(try initiator.receive([UInt8](hex: Self.header)).agreed == nil)
        #expect(try initiator.receive([UInt8](hex: Self.yamux + "0203")).surplus == [2, 3])
    }

    @Test func `ls and proposals in a row are answered one by one`() throws {
        var responder = MultistreamResponder(["/yamux/1.0.0"])
        let input = Self.header + Self.ls + Self.noise + Self.yamux + "ff"
        let step = try responder.receive([UInt8](hex: input))
        #expect(step.output.hex == Self.na + Self.na + Self.yamux)
        #expect(step.agreed == "/yamux/1.0.0")
        #expect(step.surplus == [0xff])
    }

    @Test func `a refusal of the last proposal fails, also in lazy mode`() throws {
        var initiator = MultistreamInitiator(["/noise"])
        #expect(throws: MultistreamError.refused) {
            try initiator.receive([UInt8](hex: Self.header + Self.na + "000102"))
        }
    }

    @Test(
        arguments: [
            ("00", .length(offset: 0)), ("8108", .length(offset: 0)),
            ("ffffff7f", .length(offset: 0)),
            ("8000", .length(offset: 0)), ("02616203", .text(offset: 0)),
            ("02ff0a", .text(offset: 0)),
            (noise, .header), (header + "036e610b", .text(offset: 20)),
            (header + header, .answer), (header + yamux, .answer),
        ] as [(String, MultistreamError)])
    func `an initiator refuses what is no answer`(_ hex: String, _ error: MultistreamError) {
        #expect(throws: error) {
            var initiator = MultistreamInitiator(["/noise"])
            _ = try initiator.receive([UInt8](hex: hex))
        }
        #expect(throws: error, "byte by byte") {
            var initiator = MultistreamInitiator(["/noise"])
            for byte in [UInt8](hex: hex) { _ = try initiator.receive([byte]) }
        }
    }

    @Test func `messages have at most 1024 bytes`() throws {
        let longest = [UInt8](repeating: UInt8(ascii: "x"), count: 1023)
        var responder = MultistreamResponder([])
        let step = try responder.receive(
            [UInt8](hex: Self.header) + [0x80, 0x08] + longest + [0x0a])
        #expect(step.output.hex == Self.na)
        #expect(throws: MultistreamError.length(offset: 20)) {
            var responder = MultistreamResponder([])
            _ = try responder.receive([UInt8](hex: Self.header) + [0x81, 0x08])
        }
    }

    @Test func `a peer that proposes without end is cut off`() throws {
        var responder = MultistreamResponder([])
        _ = try responder.receive([UInt8](hex: Self.header))
        for _ in 0..<MultistreamResponder.maximumProposalCount {
            #expect(try responder.receive([UInt8](hex: Self.ls)).output.hex == Self.na)
        }
        #expect(throws: MultistreamError.tooManyProposals) {
            try responder.receive([UInt8](hex: Self.ls))
        }
    }
}
