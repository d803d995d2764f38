// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import IPLD
import Multiformats

/// A snapshot record as a DAG-CBOR block, so that the packs alone can tell of every run
/// (promise P4).
///
/// The block's form is described in `Docs/pack-format.md`, "Snapshot records".
public enum SnapshotBlock {
    /// The value of the key "type" by which a record is known.
    static let type = "cairn/snapshot/1"

    /// The block of `record`, whose `recordCID` is left out: it is the block's own CID.
    public static func encode(_ record: SnapshotRecord) throws -> Block {
        let counts = record.counts
        let value = IPLDValue.map([
            ("type", .string(type)),
            ("id", .string(record.id)),
            ("started", .integer(Int128(record.startedAtMilliseconds))),
            ("finished", .integer(Int128(record.finishedAtMilliseconds))),
            ("sources", .list(record.sources.map { .string($0) })),
            (
                "roots",
                .list(
                    try record.roots.map {
                        .map([("name", .string($0.name)), ("cid", .link(try CID($0.cid)))])
                    })
            ),
            ("parent", record.parentID.map { .string($0) } ?? .null),
            (
                "options",
                .list(record.options.map { .list([.string($0.key), .string($0.value)]) })
            ),
            (
                "counts",
                .map([
                    ("files", .integer(Int128(counts.files))),
                    ("directories", .integer(Int128(counts.directories))),
                    ("symlinks", .integer(Int128(counts.symlinks))),
                    ("bytes", .integer(Int128(counts.bytes))),
                    ("blocks", .integer(Int128(counts.blocks))),
                    ("newBlocks", .integer(Int128(counts.newBlocks))),
                    ("newBytes", .integer(Int128(counts.newBytes))),
                    ("storedBytes", .integer(Int128(counts.storedBytes))),
                    ("skipped", .integer(Int128(counts.skipped))),
                ])
            ),
            ("host", .string(record.host)),
            ("tags", .list(record.tags.map { .string($0) })),
        ])
        let bytes = try DAGCBOR.encode(value)
        return Block(cid: try CIDBuilder().cid(codec: .dagCBOR, hashing: bytes.span), bytes: bytes)
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
        func count(_ key: String) -> Int64 { value?[key]?.number ?? 0 }
        self.init(
            files: count("files"), directories: count("directories"), symlinks: count("symlinks"),
            bytes: count("bytes"), blocks: count("blocks"), newBlocks: count("newBlocks"),
            newBytes: count("newBytes"), storedBytes: count("storedBytes"),
            skipped: count("skipped"))
    }
}

extension IPLDValue {
    fileprivate var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    fileprivate var number: Int64? {
        if case .integer(let number) = self { Int64(exactly: number) } else { nil }
    }

    fileprivate var items: [IPLDValue]? {
        if case .list(let items) = self { items } else { nil }
    }
}

extension IPLDValue? {
    fileprivate var texts: [String] { (self?.items ?? []).compactMap(\.text) }
}
