// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import FileIO
public import PackStore
import Synchronization

/// Work during which no block goes away that it counted as present.
///
/// While it lasts its file, `<repo>/sessions/<id>.lock`, is locked. The kernel drops the lock when
/// the process ends, however it ends; so whoever can take the lock knows that the session is dead.
/// The file names the packs that the session has begun, one to a line: what is sealed and not yet
/// committed is not to be taken for what a crash has left.
public final class RepositorySession: Sendable {
    /// What kinds of sessions there are.
    public enum Kind: String, Sendable {
        /// An ingest of files.
        case ingest
        /// An import of an archive.
        case `import`
        /// Taking in what dead writers left.
        case salvage
        /// A collection that rewrites packs.
        case collect
        /// Pinning blocks, and other records.
        case pin
        /// Storing damaged blocks again.
        case repair
    }

    /// Its name, a UUIDv7 in text form.
    public let id: String

    private let repository: Repository
    private let file: SessionFile

    init(id: String, repository: Repository, file: SessionFile) {
        self.id = id
        self.repository = repository
        self.file = file
    }

    /// Begins a pack that is this session's to commit.
    ///
    /// Blocks on disk; call on a thread that may.
    ///
    /// - Throws: `PackError`, `IOError`.
    public func beginPack(kind: PackKind, tier: PackTier = .hot) throws -> PackWriter {
        let id = PackID.make()
        // Before the pack can be sealed.
        try file.append(id)
        return try repository.packs.writer(kind: kind, tier: tier, id: id)
    }
}

/// The locked file of a session.
final class SessionFile: Sendable {
    static let directoryName = "sessions"
    private static let ending = ".lock"
    /// The length of a line: an ID and a line feed.
    private static let lineByteCount = 37
    /// More than any session begins packs: 2^20, each of 64 MiB and more.
    private static let byteLimit = lineByteCount << 20

    private let file: File

    /// Makes the file and locks it; blocks.
    ///
    /// - Throws: `IOError`.
    init(_ id: String, in repository: String) throws {
        let directory = try Directory(
            creating: repository + "/" + Self.directoryName, permissions: 0o700)
        let name = Self.name(of: id)
        // Who clears up after dead sessions may lock the new file first, and remove it. Then this
        // file is not the one of that name any more: make another.
        for _ in 0..<16 {
            var file = try directory.createFile(name, permissions: 0o600)
            try file.lock()
            if try directory.names(file, name) {
                self.file = file
                return
            }
        }
        throw IOError(.locked, "create", path: directory.entryPath(name))
    }

    func append(_ pack: PackID) throws(IOError) { try file.writeAll(Array("\(pack)\n".utf8)) }

    /// What the files of sessions tell of one.
    enum Finding {
        /// No process has the session; its file, if there was one, is gone.
        case dead
        /// A process has it, and has begun these packs.
        case alive([PackID])
    }

    /// Finds out whether a session lives; blocks.
    ///
    /// - Throws: `IOError`.
    static func find(_ id: String, in repository: String) throws -> Finding {
        let name = name(of: id)
        var file: File
        let directory: Directory
        do throws(IOError) {
            directory = try Directory(repository + "/" + directoryName)
            file = try directory.openFileForUpdate(name)
        } catch {
            if error.code == .notFound { return .dead }
            throw error
        }
        if try file.tryLock() {
            // Held until it is removed, so that a name is never removed that is another file's.
            if try directory.names(file, name) { try directory.remove(name) }
            return .dead
        }
        let byteCount = min(try file.status().byteCount, Int64(byteLimit))
        let text = String(decoding: try file.readExactly(Int(byteCount), at: 0), as: UTF8.self)
        return .alive(text.split(separator: "\n").compactMap { PackID($0) })
    }

    /// The sessions that have a file, whether the catalog tells of them or not; blocks.
    ///
    /// - Throws: `IOError`.
    static func ids(in repository: String) throws -> [String] {
        do throws(IOError) {
            return try Directory(repository + "/" + directoryName).entryNames()
                .filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }
        } catch {
            if error.code == .notFound { return [] }
            throw error
        }
    }

    /// Removes the file of a session that has ended; blocks.
    static func remove(_ id: String, in repository: String) {
        // What is left is found dead, and removed, by the next who looks.
        try? Directory(repository + "/" + directoryName).remove(name(of: id))
    }

    private static func name(of id: String) -> [UInt8] { Array((id + ending).utf8) }
}
