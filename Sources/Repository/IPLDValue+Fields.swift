// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats

extension IPLDValue {
    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var number: Int64? {
        if case .integer(let number) = self { Int64(exactly: number) } else { nil }
    }

    var flag: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    var binary: [UInt8]? {
        if case .bytes(let bytes) = self { bytes } else { nil }
    }

    var target: CID? {
        if case .link(let cid) = self { cid } else { nil }
    }

    var items: [IPLDValue]? {
        if case .list(let items) = self { items } else { nil }
    }
}

extension IPLDValue? {
    var texts: [String] { (self?.items ?? []).compactMap(\.text) }
}
