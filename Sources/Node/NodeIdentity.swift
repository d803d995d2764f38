// SPDX-License-Identifier: Apache-2.0

import FileIO
public import Libp2p

/// The private key of a repository's node: `identity.key`, libp2p's protobuf of a private key.
public enum NodeIdentity {
    /// The file's name in the repository.
    public static let name = "identity.key"
    /// An RSA key of 8,192 bits takes 4.7 KiB.
    private static let byteLimit = 16 << 10

    /// The key of the repository at `path`; made on first use, readable by its owner alone.
    ///
    /// Two programs that begin at once get the same key. Blocks; call from a `BlockingPool` thread.
    /// - Throws: ``NodeError`` with `badIdentity`; `IOError`.
    public static func load(repository path: String) throws -> PrivateKey {
        do { return try read(path) } catch let error as IOError where error.code == .notFound {
            try make(path)
            return try read(path)
        }
    }

    private static func read(_ path: String) throws -> PrivateKey {
        let name = path + "/" + Self.name
        let file = try File(name, .read)
        let status = try file.status()
        guard status.permissions & 0o077 == 0 else {
            throw NodeError(
                .badIdentity,
                "\(name) may be read by others, so the key is no secret; run `chmod 600 \(name)`, or remove it to get a new identity"
            )
        }
        guard status.byteCount <= Int64(byteLimit) else {
            throw NodeError(.badIdentity, "\(name) is too long to be a key: \(remedy)")
        }
        let bytes = try file.readExactly(Int(status.byteCount), at: 0)
        do { return try PrivateKey(protobuf: bytes) } catch {
            throw NodeError(.badIdentity, "\(name) is damaged (\(error)): \(remedy)")
        }
    }

    private static let remedy = "put a copy back, or remove it to get a new identity"

    private static func make(_ path: String) throws {
        let directory = try Directory(path)
        let temporary = Array(".\(name)-\(UInt64.random(in: 0 ... .max))".utf8)
        let file = try directory.createFile(temporary, permissions: 0o600)
        try file.writeAll(PrivateKey.makeEd25519().protobuf)
        try file.synchronize()
        // A link does not replace a key that another program made meanwhile.
        do throws(IOError) { try directory.link(temporary, to: Array(name.utf8)) } catch {
            guard error.code == .exists else { throw error }
        }
        try directory.remove(temporary)
        try directory.synchronize()
    }
}
