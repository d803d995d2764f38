// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import FileIO
import ObjectStore

extension PackStore {
    /// Reads every byte of a pack at a pace, on the threads of `pool`, and tells all that is wrong
    /// with it.
    ///
    /// - Throws: ``PackError`` with `notFound`, or of the store, also when the time is up before
    ///   the end is reached; damage is a result.
    public func verify(
        _ pack: PackID, tier: PackTier, at pace: ReadPace, on pool: BlockingPool = .shared
    ) async throws -> PackVerification {
        try await pool.run { [self] in
            let store = try objectStore(tier)
            let object: any ObjectReader
            do throws(ObjectStoreError) { object = try store.open(PackFormat.key(pack)) } catch {
                throw PackError(error, pack: pack)
            }
            return try PackVerification(of: pack, PacedReader(object, pace))
        }
    }
}
