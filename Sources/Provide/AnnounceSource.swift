// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import IPLD
public import Multiformats
import PackStore
public import Repository

/// Where the announcer reads what a repository holds.
public protocol AnnounceSource: Sendable {
    /// The multihashes of a pack's blocks.
    func multihashes(of pack: PackRecord) async throws -> [[UInt8]]

    /// A block, to follow its links.
    func block(_ cid: CID) async throws -> Block
}

/// A repository: the packs' own indexes tell what is in them.
public struct RepositoryAnnounceSource: AnnounceSource {
    private let repository: Repository

    /// Reads that repository.
    public init(_ repository: Repository) { self.repository = repository }

    /// As ``AnnounceSource/multihashes(of:)``.
    public func multihashes(of pack: PackRecord) async throws -> [[UInt8]] {
        try await repository.packs.index(of: pack.id, tier: pack.tier).blocks.map {
            Array($0.cid.multihashBytes)
        }
    }

    /// As ``AnnounceSource/block(_:)``.
    public func block(_ cid: CID) async throws -> Block { try await repository.blocks.block(cid) }
}

extension Multihash {
    /// Whether servers of the DHT take a record for it, and it says anything: an identity multihash
    /// is its own content.
    static func isAnnounceable(_ bytes: [UInt8]) -> Bool {
        1...80 ~= bytes.count && bytes[0] != 0
    }
}
