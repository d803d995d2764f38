// SPDX-License-Identifier: Apache-2.0

import BlockStore
import FileIO
import IPLD
import PackStore
import Repository

/// Packs of a session, for tests.
enum SessionPack {
    /// Writes blocks into a pack of a session, which is not committed yet.
    static func seal(_ blocks: [Block], in session: RepositorySession) async throws -> SealedPack {
        try await BlockingPool.shared.run {
            var writer = try session.beginPack(kind: .leaves)
            try writer.append(try FrameBuilder.frame(of: blocks, compression: .auto))
            return try writer.finish().seal()
        }
    }
}
