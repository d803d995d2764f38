public import BlockStore
public import ObjectStore
public import Multiformats
public import IPLD
public final class PackStore: Sendable {
    let tiers: [PackTier: any ObjectStore]
    public init(tiers: [PackTier: any ObjectStore]) { self.tiers = tiers }
    public func beginPack(kind: PackKind, tier: PackTier) throws(PackError) -> PackWriter {
        guard let store = tiers[tier] else { throw PackError(.notFound, pack: nil, message: "x") }
        return try PackWriter(into: store, kind: kind, tier: tier)
    }
    public func salvage(tier: PackTier) throws -> [SealedPack] { [] }
    public func block(at: PackID, ordinal: Int, expecting: CID) async throws -> Block { throw PackError(.notFound, pack: nil, message: "x") }
}
