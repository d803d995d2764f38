// SPDX-License-Identifier: Apache-2.0

import BlockStore
import ObjectStore

extension TierConfig {
    /// The tier's store, opened when it is first used.
    func store(ofRepository path: String) -> TierObjectStore {
        let readGranularity =
            switch backend {
            case .directory: 0
            case .bucket: Self.bucketReadGranularity
            }
        return TierObjectStore(
            self, identity: RepositoryIdentity(path: path), readGranularity: readGranularity,
            connect: Self.connect)
    }

    /// A request costs a round trip of some tens of milliseconds, in which so much comes over an
    /// ordinary line: a guess.
    private static let bucketReadGranularity = 256 << 10

    private static func connect(_ config: TierConfig) throws(ObjectStoreError) -> any ObjectStore {
        switch config.backend {
        case .directory(let path): return try DirectoryObjectStore(existing: path)
        case .bucket:
            throw ObjectStoreError(
                .unavailable, key: nil, message: "this build has no client for buckets")
        }
    }
}
