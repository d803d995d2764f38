// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@Suite struct Murmur3Tests {
    @Test(
        arguments: [
            ("", 0x0000_0000_0000_0000), ("a", 0x8555_5565_f659_7889),
            ("foo", 0xe271_8657_01f5_4561),
            ("file1", 0x4997_28c4_d21b_6ed4), ("hello world", 0x533f_6046_eb7f_610e),
            ("The quick brown fox jumps over the lazy dog", 0xe34b_bc7b_bc07_1b6c),
        ] as [(String, UInt64)])
    func `known hashes are reproduced`(_ text: String, _ hash: UInt64) {
        let bytes = Array(text.utf8)
        let computed = Murmur3.x64Hash64(bytes.span)
        #expect(computed == hash)
    }
}
