// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@Suite struct CIDVerificationTests {
    /// A digest of the digest table with the function it is verified by.
    struct Vector: Sendable, CustomTestStringConvertible {
        let code: Multicodec
        let byteCount: Int
        let digest: [UInt8]
        var testDescription: String { "\(code) of \(byteCount) bytes" }

        func cid(digestByteCount: Int) -> CID {
            CID(v1: .raw, Multihash(code: code, digest: digest[..<digestByteCount]))
        }

        static let all = Fixture.rows("digests.txt").compactMap { row in
            Multicodec(name: row[0]).map { code in
                let digest = Fixture.bytes(hex: row[2]).prefix(128)
                return Vector(code: code, byteCount: Int(row[1]) ?? -1, digest: Array(digest))
            }
        }.filter { (60...1100).contains($0.byteCount) }
    }

    @Test(arguments: Vector.all)
    func `a block is verified by whole and by cut digests`(_ vector: Vector) throws {
        let block = Fixture.message(byteCount: vector.byteCount)
        for digestByteCount in Set([20, 21, 32, vector.digest.count])
        where digestByteCount <= vector.digest.count {
            try vector.cid(digestByteCount: digestByteCount).verify(block.span)
        }
        let short = vector.cid(digestByteCount: 19)
        #expect(throws: BlockVerificationError.cannotVerify(vector.code, digestByteCount: 19)) {
            try short.verify(block.span)
        }
    }

    @Test(arguments: Vector.all.filter { $0.byteCount == 127 })
    func `a changed block is a mismatch`(_ vector: Vector) {
        let cid = vector.cid(digestByteCount: min(32, vector.digest.count))
        let block = Fixture.message(byteCount: vector.byteCount)
        for bit in stride(from: 0, to: block.count * 8, by: 5) {
            var changed = block
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: BlockVerificationError.mismatch(expected: cid), "bit \(bit)") {
                try cid.verify(changed.span)
            }
        }
        #expect(throws: BlockVerificationError.mismatch(expected: cid)) {
            try cid.verify(block.span.extracting(0..<block.count - 1))
        }
    }

    @Test func `the vectors cover all that is verified but not made`() {
        let codes = Set(Vector.all.map(\.code.description))
        #expect(codes.isSuperset(of: ["sha1", "sha2-384", "blake2b-160", "blake2b-512"]))
    }

    @Test(
        arguments: [
            (0x16, 32), (0x1b, 32), (0x22, 8), (0x56, 32), (0x9999, 32),  // not known here
            (0xb201, 1), (0xb213, 19), (0xb220, 33), (0xb240, 65), (0xb260, 32),
            (0x11, 21), (0x12, 33), (0x12, 0), (0x13, 65), (0x20, 49),
        ] as [(UInt64, Int)])
    func `what cannot be verified is never fine`(_ code: UInt64, _ digestByteCount: Int) {
        let code = Multicodec(rawValue: code)
        let digest = [UInt8](repeating: 0, count: digestByteCount)
        let cid = CID(v1: .raw, Multihash(code: code, digest: digest))
        let expected = BlockVerificationError.cannotVerify(code, digestByteCount: digestByteCount)
        let empty: [UInt8] = []
        #expect(throws: expected) { try cid.verify(empty.span) }
    }

    @Test func `an identity CID is its block and no part of it`() throws {
        let block = Fixture.message(byteCount: 5)
        let cid = CID(v1: .raw, Multihash(code: .identity, digest: block))
        try cid.verify(block.span)
        let empty = CID(v1: .raw, Multihash(code: .identity, digest: []))
        try empty.verify(block.span.extracting(0..<0))
        for other in [[], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5], [UInt8](repeating: 0, count: 500)] {
            #expect(throws: BlockVerificationError.mismatch(expected: cid)) {
                try cid.verify(other.span)
            }
        }
        #expect(throws: BlockVerificationError.mismatch(expected: empty)) {
            try empty.verify(block.span)
        }
    }
}
