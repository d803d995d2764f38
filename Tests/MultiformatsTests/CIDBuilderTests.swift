// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@Suite struct CIDBuilderTests {
    static let emptyDirectory: [UInt8] = [0x0a, 0x02, 0x08, 0x01]

    struct Settings: Sendable, CustomTestStringConvertible {
        var version = CID.Version.v1
        var function = HashFunction.sha2_256
        var inlineLimit: Int?
        var codec = Multicodec.dagPB
        var block = emptyDirectory
        let expected: String
        var testDescription: String { expected }

        static let all = [
            Settings(version: .v0, expected: "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"),
            Settings(expected: "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"),
            Settings(
                version: .v0, codec: .raw, block: [],
                expected: "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
            Settings(
                version: .v0, codec: .raw, block: Array("hello world".utf8),
                expected: "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
            Settings(function: .identity, codec: .raw, block: [], expected: "bafkqaaa"),
            Settings(function: .identity, expected: "bafyaabakaieac"),
            Settings(version: .v0, inlineLimit: 4, expected: "bafyaabakaieac"),
            Settings(version: .v0, inlineLimit: 0, codec: .raw, block: [], expected: "bafkqaaa"),
            Settings(
                version: .v0, inlineLimit: 3,
                expected: "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"),
        ]
    }

    @Test(arguments: Settings.all)
    func `CIDs are those of Kubo`(_ settings: Settings) throws {
        let builder = try CIDBuilder(
            version: settings.version, function: settings.function,
            inlineLimit: settings.inlineLimit)
        let block = settings.block.span
        let cid = try builder.cid(codec: settings.codec, hashing: block)
        #expect(cid.description == settings.expected)
        #expect(try CID(cid.bytes).codec == cid.codec)
        for first in 0...settings.block.count {
            for second in first...settings.block.count {
                let pieces = try builder.cid(
                    codec: settings.codec, hashing: block.extracting(0..<first),
                    block.extracting(first..<second), block.extracting(second...))
                #expect(pieces == cid)
            }
        }
    }

    @Test(arguments: HashFunction.allCases)
    func `every function makes CIDs that verify`(_ function: HashFunction) throws {
        let builder = try CIDBuilder(function: function)
        let block = Fixture.message(byteCount: 100)
        let cid = try builder.cid(codec: .dagCBOR, hashing: block.span)
        let multihash = try function.multihash(of: block.span)
        #expect(cid == CID(v1: .dagCBOR, multihash))
        try cid.verify(block.span)
    }

    @Test(arguments: HashFunction.allCases.filter { $0 != .sha2_256 })
    func `version 0 with another function is refused`(_ function: HashFunction) {
        #expect(throws: CIDBuilderError.version0NeedsSHA2_256(function)) {
            try CIDBuilder(version: .v0, function: function)
        }
    }

    @Test(arguments: [-1, 129, Int.max])
    func `an inline limit outside 0 to 128 is refused`(_ limit: Int) {
        #expect(throws: CIDBuilderError.inlineLimitOutOfRange(limit)) {
            try CIDBuilder(inlineLimit: limit)
        }
    }

    @Test func `blocks are inlined up to the limit and no further`() throws {
        let builder = try CIDBuilder(inlineLimit: 128)
        let block = Fixture.message(byteCount: 129)
        let most = try builder.cid(codec: .raw, hashing: block.span.extracting(0..<128))
        #expect(most.multihash.digest == block[..<128])
        let over = try builder.cid(codec: .raw, hashing: block.span)
        #expect(over.multihash.code == .sha2_256)
    }

    @Test func `identity of a block over 128 bytes is an error`() throws {
        let builder = try CIDBuilder(function: .identity)
        let block = Fixture.message(byteCount: 129)
        #expect(throws: HashingError.identityTooLong(byteCount: 129)) {
            try builder.cid(codec: .raw, hashing: block.span)
        }
    }
}
