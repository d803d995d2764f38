// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@Suite struct MultihashTests {
    static let samples: [[UInt8]] = HashFunction.allCases.compactMap { function in
        // Identity holds the short message, too, so nothing is left out.
        try? function.multihash(of: Fixture.message(byteCount: 40).span).bytes
    }

    @Test func `there is a sample for every function`() {
        #expect(Self.samples.count == HashFunction.allCases.count)
    }

    @Test(arguments: samples)
    func `a multihash cut short is reported`(_ bytes: [UInt8]) throws {
        let whole = try Multihash(bytes)
        let prefixByteCount = bytes.count - whole.digest.count
        for length in 0..<bytes.count {
            let codeByteCount = Varint.byteCount(of: whole.code.rawValue)
            let expected: MultihashError =
                length < codeByteCount
                ? .varint(.truncated(offset: 0))
                : length < prefixByteCount
                    ? .varint(.truncated(offset: codeByteCount)) : .truncated(offset: 0)
            #expect(throws: expected, "cut at \(length)") {
                try Multihash(Array(bytes[..<length]))
            }
        }
    }

    @Test(arguments: samples)
    func `a flipped bit gives another multihash or an error`(_ bytes: [UInt8]) throws {
        let whole = try Multihash(bytes)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            guard let multihash = try? Multihash(flipped) else {  // the error is the expected end
                #expect(bit / 8 < bytes.count - whole.digest.count, "bit \(bit)")
                continue
            }
            #expect(multihash.bytes == flipped)
            #expect(multihash != whole)
        }
    }

    @Test func `bytes after the digest are refused`() {
        #expect(throws: MultihashError.trailingBytes(offset: 2)) { try Multihash([0, 0, 0]) }
    }

    @Test func `a digest over the limit is refused before it is read`() {
        #expect(throws: MultihashError.digestTooLong(offset: 0, byteCount: 129)) {
            try Multihash([0x00, 0x81, 0x01])
        }
        #expect(throws: MultihashError.digestTooLong(offset: 0, byteCount: UInt64(Int64.max))) {
            try Multihash([0x12] + [UInt8](repeating: 0xff, count: 8) + [0x7f])
        }
    }

    @Test func `lengths that are not minimal are refused`() {
        #expect(throws: MultihashError.varint(.notMinimal(offset: 1))) {
            try Multihash([0x00, 0x81, 0x00, 0x01])
        }
    }

    @Test func `its description names the function`() {
        #expect("\(Multihash(code: .sha1, digest: [0, 0xfe]))" == "sha1:00fe")
        #expect("\(Multihash(code: Multicodec(rawValue: 0x9999), digest: []))" == "0x9999:")
    }
}
