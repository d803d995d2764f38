// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import IPLD
import Multiformats

/// A snapshot record as a DAG-CBOR block, so that the packs alone can tell of every run
/// (promise P4).
///
/// The block's form is described in `Docs/pack-format.md`, "Records".
public enum SnapshotBlock {
    /// The value of the key "type" by which a record is known.
    static let type = "cairn/snapshot/1"

    /// The block of `record`, whose `recordCID` is left out: it is the block's own CID.
    public static func encode(_ record: SnapshotRecord) throws -> Block {
        var map = IPLDMap()
        map["type"] = .string(type)
        map["id"] = .string(record.id)
        map["started"] = .integer(Int128(record.startedAtMilliseconds))
        map["finished"] = .integer(Int128(record.finishedAtMilliseconds))
        map["sources"] = .list(record.sources.map { .string($0) })
        map["roots"] = .list(try record.roots.map(Self.value))
        map["parent"] = record.parentID.map { .string($0) } ?? .null
        map["options"] = .list(record.options.map { .list([.string($0.key), .string($0.value)]) })
        map["counts"] = value(record.counts)
        map["host"] = .string(record.host)
        map["tags"] = .list(record.tags.map { .string($0) })
        let bytes = try DAGCBOR.encode(.map(map))
        return Block(cid: try CIDBuilder().cid(codec: .dagCBOR, hashing: bytes.span), bytes: bytes)
    }

    private static func value(_ root: SnapshotRecord.Root) throws -> IPLDValue {
        .map(["name": .string(root.name), "cid": .link(try CID(root.cid))])
    }

    private static func value(_ counts: SnapshotRecord.Counts) -> IPLDValue {
        var map = IPLDMap()
        for (key, path) in counters { map[key] = .integer(Int128(counts[keyPath: path])) }
        return .map(map)
    }

    /// The counts by the names that they have in a record.
    fileprivate static var counters: [(String, WritableKeyPath<SnapshotRecord.Counts, Int64>)] {
        [
            ("files", \.files), ("directories", \.directories), ("symlinks", \.symlinks),
            ("bytes", \.bytes), ("blocks", \.blocks), ("newBlocks", \.newBlocks),
            ("newBytes", \.newBytes), ("storedBytes", \.storedBytes), ("skipped", \.skipped),
        ]
    }

    /// The record in `block`; nil if the block is something else.
    public static func decode(_ block: Block) -> SnapshotRecord? {
        guard block.cid.codec == .dagCBOR,
            let value = try? DAGCBOR.decode(block.bytes.span),  // not DAG-CBOR: no record
            value["type"]?.text == type, let id = value["id"]?.text,
            let started = value["started"]?.number, let finished = value["finished"]?.number,
            let host = value["host"]?.text
        else { return nil }
        return SnapshotRecord(
            id: id, startedAtMilliseconds: started, finishedAtMilliseconds: finished,
            sources: value["sources"].texts,
            roots: (value["roots"]?.items ?? []).compactMap { root in
                guard let name = root["name"]?.text, case .link(let cid)? = root["cid"] else {
                    return nil
                }
                return SnapshotRecord.Root(name: name, cid: cid.bytes)
            },
            parentID: value["parent"]?.text,
            options: (value["options"]?.items ?? []).compactMap { pair in
                guard let pair = pair.items, pair.count == 2, let key = pair[0].text,
                    let value = pair[1].text
                else { return nil }
                return SnapshotRecord.Option(key: key, value: value)
            },
            counts: SnapshotRecord.Counts(value["counts"]), host: host,
            tags: value["tags"].texts, recordCID: block.cid.bytes)
    }
}

extension SnapshotRecord.Counts {
    fileprivate init(_ value: IPLDValue?) {
        self.init()
        for (key, path) in SnapshotBlock.counters { self[keyPath: path] = value?[key]?.number ?? 0 }
    }
}
