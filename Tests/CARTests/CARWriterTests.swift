// SPDX-License-Identifier: Apache-2.0

import CAR
import IPLD
import Multiformats
import Testing

@Suite struct CARWriterTests {
    let basic: BasicFixture

    init() throws { basic = try BasicFixture() }

    @Test func `the published file is written byte for byte`() throws {
        #expect(basic.file.count == basic.byteCount)
        #expect(try sha256(basic.file) == basic.sha256)
    }

    @Test(arguments: [(0, CARIndex.Form.indexSorted), (1, .multihashIndexSorted)])
    func `a version 2 file has the known index and header`(
        _ sample: (position: Int, form: CARIndex.Form)
    ) throws {
        let expected = basic.version2[sample.position]
        let file = basic.version2File(sample.form)
        #expect(file.count == expected.byteCount)
        #expect(hex(file[(51 + basic.byteCount)...]) == hex(expected.index))
        #expect(Array(file[11..<51]) == expected.header.encode())
        #expect(try sha256(file) == expected.sha256)
    }

    @Test func `a header without roots is the known 18 bytes`() {
        #expect(hex(CARHeader.encode(roots: [])) == "11a265726f6f7473806776657273696f6e01")
    }

    @Test func `a file of one raw block is the known bytes`() throws {
        let bytes = Array("hello world".utf8)
        let cid = CID(v1: .raw, try HashFunction.sha2_256.multihash(of: bytes.span))
        var file = CARHeader.encode(roots: [cid])
        CARSection.append(cid: cid, bytes: bytes, to: &file)
        let digest = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
        #expect(
            hex(file) == "3aa265726f6f747381d82a582500" + "01551220" + digest
                + "6776657273696f6e01" + "2f" + "01551220" + digest + "68656c6c6f20776f726c64")
    }

    @Test func `the placeholder root is the CID of no bytes`() {
        #expect(CARHeader.placeholderRoot.bytes == [0x01, 0x55, 0, 0])
    }

    @Test(arguments: [0, 1, 23, 24, 255, 256, 70_000])
    func `headers of any number of roots are read back`(_ count: Int) throws {
        let roots = (0..<count).map { number in
            CID(v1: .raw, Multihash(code: .identity, digest: [UInt8(number & 0xff)]))
        }
        let options = CARReadingOptions(maximumHeaderByteCount: 1 << 20)
        let file = CARHeader.encode(roots: roots)
        #expect(try CARReader(file, options: options).header.roots == roots)
    }

    @Test(arguments: [0, 1, 90, 91, 92, 127, 16_346, 16_347, 16_348])
    func `a prefix and the block make the section`(_ blockByteCount: Int) {
        let digest = [UInt8](repeating: 7, count: 32)
        let cid = CID(v1: .raw, Multihash(code: .sha2_256, digest: digest))
        let block = [UInt8](repeating: 1, count: blockByteCount)
        var section: [UInt8] = []
        CARSection.append(cid: cid, bytes: block, to: &section)
        #expect(section == CARSection.prefix(cid: cid, blockByteCount: blockByteCount) + block)
        #expect(section.count == CARSection.byteCount(cid: cid, blockByteCount: blockByteCount))
    }
}
