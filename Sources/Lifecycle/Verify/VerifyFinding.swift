// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
public import Multiformats
public import PackStore

/// A fault that a verification found.
public enum VerifyFinding: Sendable {
    /// The catalog names a pack that is not in its tier.
    case missingPack(PackID, PackTier)
    /// A pack is there that the catalog does not know.
    case unknownPack(PackID, PackTier)
    /// A pack cannot be read at all.
    case unreadablePack(PackID, PackTier, PackError)
    /// A tier cannot be reached, so that its packs were not checked.
    case unreachableTier(PackTier, PackError)
    /// Part of a pack is damaged.
    case damage(PackID, PackTier, PackDamage)
    /// What the catalog says of a pack is not what the pack says of itself.
    case wrongRecord(PackID, String)
    /// A block of the pack is not in the catalog.
    case uncataloguedBlock(PackID, CID)
    /// The catalog says that a block lies where another one does, or none.
    case misplacedBlock(PackID, CID, at: PackID)
    /// The catalog's file is damaged.
    case damagedCatalog(String)
    /// A snapshot in the catalog is not the one that its record in the packs tells of.
    case wrongSnapshot(String, String)
    /// A part that a dead writer left cannot be completed.
    case unfinishedPack(String)
    /// Content of a snapshot is lost.
    case lostContent(LostContent)
}

extension VerifyFinding {
    /// A word for the kind of fault, for programs.
    public var kind: String {
        switch self {
        case .missingPack: "missing-pack"
        case .unknownPack: "unknown-pack"
        case .unreadablePack: "unreadable-pack"
        case .unreachableTier: "unreachable-tier"
        case .damage: "damage"
        case .wrongRecord: "wrong-record"
        case .uncataloguedBlock: "uncatalogued-block"
        case .misplacedBlock: "misplaced-block"
        case .damagedCatalog: "damaged-catalog"
        case .wrongSnapshot: "wrong-snapshot"
        case .unfinishedPack: "unfinished-pack"
        case .lostContent: "lost-content"
        }
    }

    /// The pack concerned.
    public var pack: PackID? {
        switch self {
        case .missingPack(let id, _), .unknownPack(let id, _), .unreadablePack(let id, _, _),
            .damage(let id, _, _), .wrongRecord(let id, _), .uncataloguedBlock(let id, _),
            .misplacedBlock(let id, _, _):
            id
        case .damagedCatalog, .wrongSnapshot, .unfinishedPack, .unreachableTier, .lostContent: nil
        }
    }

    /// The block concerned.
    public var cid: CID? {
        switch self {
        case .uncataloguedBlock(_, let cid), .misplacedBlock(_, let cid, _): cid
        case .damage(_, _, let damage):
            if case .block(_, let cid) = damage.place { cid } else { nil }
        case .lostContent(let content): content.cid
        default: nil
        }
    }
}

extension VerifyFinding: CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var description: String {
        switch self {
        case .missingPack(let id, let tier):
            "pack \(id) is missing from tier \(tier); put its file back, or run `cairn repair`"
        case .unknownPack(let id, let tier):
            "pack \(id) in tier \(tier) is not in the catalog; run `cairn repair`"
        case .unreadablePack(_, let tier, let error): "tier \(tier): \(error)"
        case .unreachableTier(let tier, let error): "tier \(tier): \(error)"
        case .damage(let id, let tier, let damage):
            "pack \(id) in tier \(tier): \(damage); run `cairn repair`"
        case .wrongRecord(let id, let what):
            "pack \(id): \(what); run `cairn repair`"
        case .uncataloguedBlock(let id, let cid):
            "block \(cid) of pack \(id) is not in the catalog; run `cairn repair`"
        case .misplacedBlock(let id, let cid, let other):
            "block \(cid) of pack \(id): the catalog says it is in pack \(other), where it is not; run `cairn repair`"
        case .damagedCatalog(let what): "catalog: \(what); run `cairn repair`"
        case .wrongSnapshot(let id, let what): "snapshot \(id): \(what); run `cairn repair`"
        case .unfinishedPack(let what): what
        case .lostContent(let content): "\(content); run `cairn repair`"
        }
    }
}

/// A block that a snapshot needs and that cannot be read, and what it is there.
public struct LostContent: Hashable, Sendable {
    /// The snapshot's id.
    public let snapshotID: String
    /// The root's name and the path below it.
    public let path: String
    /// The block.
    public let cid: CID
    /// Where its bytes start in the file at ``path``, if it is part of one and that is known.
    public let offset: Int64?
    /// How many bytes of the file it holds, or has below it, as far as that is known.
    public let byteCount: Int64?

    /// Which of the snapshot's roots it is below; nil for the snapshot's own record.
    let rootIndex: Int?
    /// The names that lead there from the root, as bytes.
    let names: [[UInt8]]

    /// Content below a root of a snapshot.
    init(_ snapshot: SnapshotRecord, root index: Int, names: [[UInt8]], _ child: DAGChild) {
        snapshotID = snapshot.id
        rootIndex = index
        self.names = names
        path = ([Array(snapshot.roots[index].name.utf8)] + names)
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
        cid = child.cid
        offset = child.offset
        byteCount = child.byteCount
    }

    /// The record of a snapshot.
    init(record cid: CID, of snapshotID: String) {
        self.snapshotID = snapshotID
        self.cid = cid
        rootIndex = nil
        names = []
        path = "(its record)"
        offset = nil
        byteCount = nil
    }
}

extension LostContent: CustomStringConvertible {
    /// "snapshot ID: PATH: bytes 0 to 99 are lost (block CID)".
    public var description: String {
        let what =
            if let offset, let byteCount {
                "bytes \(offset) to \(offset + byteCount) are lost"
            } else {
                "is lost"
            }
        return "snapshot \(snapshotID): \(path) \(what) (block \(cid))"
    }
}
