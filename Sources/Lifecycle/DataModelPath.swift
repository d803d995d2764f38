// SPDX-License-Identifier: Apache-2.0

public import IPLD
import Multiformats

/// Follows paths through the data model of blocks, across links.
public struct DataModelPath<Source: BlockSource>: Sendable {
    private let source: Source

    /// Reads blocks from `source`.
    public init(source: Source) { self.source = source }

    /// What `path` leads to; a link at the end is followed to its block.
    ///
    /// In a DAG-PB block a segment that is no field names the link with that name.
    /// - Throws: ``ContentPathError`` if a segment leads nowhere, or what the source throws.
    public func resolve(_ path: ContentPath) async throws -> IPLDValue {
        var value = try await load(path.root)
        for segment in path.segments {
            let key = String(decoding: segment, as: UTF8.self)
            guard let next = Self.child(key, of: value) else {
                throw ContentPathError("\(path): there is no \(key) there")
            }
            value = next
            if case .link(let cid) = value { value = try await load(cid) }
        }
        return value
    }

    private func load(_ cid: CID) async throws -> IPLDValue {
        let block = try await source.block(cid)
        return try IPLDCodec.decode(cid.codec, block.bytes.span)
    }

    private static func child(_ key: String, of value: IPLDValue) -> IPLDValue? {
        switch value {
        case .map(let map): return map[key] ?? namedLink(key, in: map)
        case .list(let items):
            guard let index = Int(key), items.indices.contains(index) else { return nil }
            return items[index]
        default: return nil
        }
    }

    private static func namedLink(_ name: String, in node: IPLDMap) -> IPLDValue? {
        guard case .list(let links)? = node["Links"] else { return nil }
        for case .map(let link) in links where link["Name"] == .string(name) {
            return link["Hash"]
        }
        return nil
    }
}
