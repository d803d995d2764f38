// SPDX-License-Identifier: Apache-2.0

import FileIO
import Libp2p

/// The file with the key of a private network, as go-libp2p and Kubo write `swarm.key`.
enum SwarmKey {
    /// Some hundred bytes are usual.
    private static let byteLimit: Int64 = 4 << 10

    /// The key in the file at `path`.
    ///
    /// Blocks; call from a `BlockingPool` thread.
    /// - Throws: ``NodeError`` with `badOptions`; `IOError`.
    static func load(_ path: String) throws -> PreSharedKey {
        let file = try File(path, .read)
        let byteCount = try file.status().byteCount
        guard byteCount <= byteLimit else {
            throw NodeError(.badOptions, "\(path) is too long to be the key of a private network")
        }
        let bytes = try file.readExactly(Int(byteCount), at: 0)
        do { return try PreSharedKey(file: String(decoding: bytes, as: UTF8.self)) } catch {
            throw NodeError(.badOptions, "\(path) is no key of a private network: \(error)")
        }
    }
}
