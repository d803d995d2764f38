// SPDX-License-Identifier: Apache-2.0

import FileIO
import Logging

/// The file that holds remembered peers; replaced whole, so that a crash leaves the old or the new.
public struct PeerFile: Sendable {
    private let directory: String
    private let name: [UInt8]

    /// The file `name` in `directory`, which must exist.
    public init(directory: String, name: String = "peers") {
        self.directory = directory
        self.name = Array(name.utf8)
    }

    /// What the file holds; nobody if there is none or it is damaged.
    ///
    /// - Throws: `IOError` if the file is there and cannot be read.
    public func load() async throws -> RememberedPeers {
        try await BlockingPool.shared.run { [self] in
            let directory = try Directory(self.directory)
            guard try directory.exists(name) else { return RememberedPeers() }
            let file = try directory.openFile(name)
            let byteCount = min(
                Int(try file.status().byteCount), RememberedPeers.maximumByteCount)
            return RememberedPeers(text: try file.readExactly(byteCount, at: 0))
        }
    }

    /// Replaces the file.
    ///
    /// - Throws: `IOError`.
    public func save(_ peers: RememberedPeers) async throws {
        try await BlockingPool.shared.run { [self] in
            let directory = try Directory(self.directory)
            // Not synchronized: what is lost in a power cut is met again.
            let draft = name + Array(".draft".utf8)
            if try directory.exists(draft) { try directory.remove(draft) }
            let file = try directory.createFile(draft, permissions: 0o600)
            try file.writeAll(peers.text)
            try directory.rename(draft, to: name)
        }
    }
}
