// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import UnixFS

/// A block's links with the names by which people know them.
enum NamedLinks {
    /// The links of a block; none for what cannot be decoded.
    ///
    /// Of a directory by the entries' names, of DAG-CBOR and DAG-JSON by the path in the value.
    static func of(_ block: Block) -> [KeepPath.Step] {
        switch block.cid.codec {
        case .dagPB: ofDAGPB(block)
        case .dagCBOR, .dagJSON:
            ofValue(try? IPLDCodec.decode(block.cid.codec, block.bytes.span))  // none: no links
        default: []
        }
    }

    private static func ofDAGPB(_ block: Block) -> [KeepPath.Step] {
        guard let node = try? PBNode(decoding: block.bytes.span) else { return [] }  // no links
        // The names in a shard begin with the place in it; that of a shard below is the place alone.
        var prefix = 0
        if let data = node.data, let unixFS = try? UnixFSData(decoding: data.span),
            unixFS.kind == .hamtShard
        {
            prefix = String((unixFS.fanout ?? 256) - 1, radix: 16).utf8.count
        }
        return node.links.map { link in
            let name = (link.name ?? []).dropFirst(prefix)
            return KeepPath.Step(name: name.isEmpty ? nil : Array(name), cid: link.hash)
        }
    }

    private static func ofValue(_ value: IPLDValue?) -> [KeepPath.Step] {
        var steps: [KeepPath.Step] = []
        if let value { gather(value, path: [], into: &steps) }
        return steps
    }

    private static func gather(
        _ value: IPLDValue, path: [String], into steps: inout [KeepPath.Step]
    ) {
        switch value {
        case .link(let cid):
            let name = path.joined(separator: "/")
            steps.append(KeepPath.Step(name: name.isEmpty ? nil : Array(name.utf8), cid: cid))
        case .list(let values):
            for (index, value) in values.enumerated() {
                gather(value, path: path + ["\(index)"], into: &steps)
            }
        case .map(let map):
            for entry in map.entries {
                gather(entry.value, path: path + [entry.key], into: &steps)
            }
        default: break
        }
    }
}
