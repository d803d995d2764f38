// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import IPLD
import Multiformats

/// A change to what is kept as a DAG-CBOR block, so that the packs alone can tell of pins, of what
/// was forgotten and of tags (promise P4).
///
/// The block's form is described in `Docs/pack-format.md`, "Records".
public enum RootChangeBlock {
    /// The values of the key "type" by which the records are known.
    private enum Kind: String {
        case pin = "cairn/pin/1"
        case unpin = "cairn/unpin/1"
        case forget = "cairn/forget/1"
        case tag = "cairn/tag/1"
    }

    /// The block of `change`, whose `recordCID` is left out: it is the block's own CID.
    public static func encode(_ change: RootChange) throws -> Block {
        var map = IPLDMap()
        map["id"] = .string(change.id)
        map["time"] = .integer(Int128(change.madeAtMilliseconds))
        switch change.action {
        case .pin(let pin):
            map["type"] = .string(Kind.pin.rawValue)
            map["pin"] = .string(pin.id)
            map["cid"] = .link(try CID(pin.cid))
            map["recursive"] = .bool(pin.isRecursive)
            map["name"] = pin.name.map { .string($0) } ?? .null
            map["expires"] = pin.expiresAtMilliseconds.map { .integer(Int128($0)) } ?? .null
        case .unpin(let targets):
            map["type"] = .string(Kind.unpin.rawValue)
            map["pins"] = .list(targets.map(value))
        case .forget(let targets):
            map["type"] = .string(Kind.forget.rawValue)
            map["snapshots"] = .list(targets.map(value))
        case .tag(let target, let tags, let revision):
            map["type"] = .string(Kind.tag.rawValue)
            map["snapshot"] = value(target)
            map["tags"] = .list(tags.map { .string($0) })
            map["revision"] = .integer(Int128(revision))
        }
        let bytes = try DAGCBOR.encode(.map(map))
        return Block(cid: try CIDBuilder().cid(codec: .dagCBOR, hashing: bytes.span), bytes: bytes)
    }

    /// What is named is bytes, not a link: whoever walks the record must not want it.
    private static func value(_ target: RootChange.Target) -> IPLDValue {
        .map(["id": .string(target.id), "record": .bytes(target.recordCID)])
    }

    /// The change that `block` records; nil if it is something else.
    public static func decode(_ block: Block) -> RootChange? {
        guard block.cid.codec == .dagCBOR,
            let value = try? DAGCBOR.decode(block.bytes.span),  // not DAG-CBOR: no record
            let kind = value["type"]?.text.flatMap(Kind.init),
            let id = value["id"]?.text, let time = value["time"]?.number,
            let action = action(kind, value, time, block.cid.bytes)
        else { return nil }
        return RootChange(
            id: id, madeAtMilliseconds: time, action: action, recordCID: block.cid.bytes)
    }

    private static func action(
        _ kind: Kind, _ value: IPLDValue, _ time: Int64, _ recordCID: [UInt8]
    ) -> RootChange.Action? {
        switch kind {
        case .pin:
            guard let id = value["pin"]?.text, let cid = value["cid"]?.target,
                let isRecursive = value["recursive"]?.flag
            else { return nil }
            return .pin(
                Pin(
                    id: id, cid: cid.bytes, isRecursive: isRecursive, name: value["name"]?.text,
                    createdAtMilliseconds: time, expiresAtMilliseconds: value["expires"]?.number,
                    recordCID: recordCID))
        case .unpin: return targets(value["pins"]).map { .unpin($0) }
        case .forget: return targets(value["snapshots"]).map { .forget($0) }
        case .tag:
            guard let target = value["snapshot"].flatMap(target),
                let revision = value["revision"]?.number
            else { return nil }
            return .tag(target, tags: value["tags"].texts, revision: revision)
        }
    }

    private static func targets(_ value: IPLDValue?) -> [RootChange.Target]? {
        guard let items = value?.items else { return nil }
        let targets = items.compactMap(target)
        return targets.count == items.count ? targets : nil
    }

    private static func target(_ value: IPLDValue) -> RootChange.Target? {
        guard let id = value["id"]?.text, let record = value["record"]?.binary else { return nil }
        return RootChange.Target(id: id, recordCID: record)
    }
}
