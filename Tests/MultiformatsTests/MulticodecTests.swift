// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@Suite struct MulticodecTests {
    @Test(
        arguments: [
            (0x00, "identity"), (0x11, "sha1"), (0x12, "sha2-256"), (0x13, "sha2-512"),
            (0x1e, "blake3"), (0x22, "murmur3-x64-64"), (0x55, "raw"), (0x70, "dag-pb"),
            (0x71, "dag-cbor"), (0x72, "libp2p-key"), (0x0129, "dag-json"), (0x0200, "json"),
            (0x0202, "car"), (0x0401, "car-multihash-index-sorted"), (0x0900, "transport-bitswap"),
            (0xb201, "blake2b-8"), (0xb214, "blake2b-160"), (0xb220, "blake2b-256"),
            (0xb240, "blake2b-512"), (0xb241, "blake2s-8"), (0xb260, "blake2s-256"),
        ] as [(UInt64, String)])
    func `codes and names are those of the table`(_ code: UInt64, _ name: String) {
        #expect(Multicodec(rawValue: code).name == name)
        #expect(Multicodec(name: name)?.rawValue == code)
        #expect("\(Multicodec(rawValue: code))" == name)
    }

    @Test(arguments: HashFunction.allCases)
    func `a hash function and its code have one name`(_ function: HashFunction) {
        #expect(function.code.name == function.name)
    }

    @Test func `a code without a name is shown as a number`() {
        #expect("\(Multicodec(rawValue: 0x1234))" == "0x1234")
        #expect(Multicodec(rawValue: 0xb261).name == nil)
        #expect(Multicodec(name: "sha2_256") == nil)
    }
}
