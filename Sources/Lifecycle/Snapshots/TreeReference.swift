// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import Multiformats
public import Repository
public import UnixFS

/// A tree as users name it: `CID`, `CID/a/b`, `latest`, `latest:a/b`, the beginning of a snapshot's
/// id, that with `:path`.
public enum TreeReference: Hashable, Sendable, CustomStringConvertible {
    /// A CID and a path below it.
    case content(ContentPath)
    /// A snapshot, by `latest` or the beginning of its id, and a path in it, perhaps empty.
    case snapshot(String, path: String)

    /// Parses what a user wrote.
    ///
    /// - Throws: ``SnapshotError`` with `badReference`.
    public init(_ text: String) throws(SnapshotError) {
        if let colon = text.firstIndex(of: ":"), !text.hasPrefix("ipfs:") {
            let name = String(text[..<colon])
            guard Self.isSnapshot(name) else { throw Self.unknown(text) }
            self = .snapshot(name, path: String(text[text.index(after: colon)...]))
        } else if Self.isSnapshot(text) {
            self = .snapshot(text, path: "")
        } else {
            do { self = .content(try ContentPath(text)) } catch { throw Self.unknown(text) }
        }
    }

    /// Whether the text can be the beginning of an id; every CID has a character that none has, or
    /// is longer.
    private static func isSnapshot(_ text: String) -> Bool {
        text == "latest"
            || (1...36).contains(text.utf8.count)
                && text.allSatisfy { $0 == "-" || $0.isHexDigit && !$0.isUppercase }
    }

    private static func unknown(_ text: String) -> SnapshotError {
        SnapshotError(
            .badReference,
            "\(text) is neither a CID nor a snapshot; give CID, CID/path, latest, the beginning of a snapshot's id, or one of these with :path"
        )
    }

    /// As it was written.
    public var description: String {
        switch self {
        case .content(let path): "\(path)"
        case .snapshot(let name, let path): path.isEmpty ? name : "\(name):\(path)"
        }
    }

    /// What `path` leads to from here.
    ///
    /// - Throws: ``SnapshotError`` with `badReference`.
    public func appending(_ path: String) throws(SnapshotError) -> TreeReference {
        switch self {
        case .snapshot(let name, let start):
            return .snapshot(name, path: start.isEmpty ? path : start + "/" + path)
        case .content(let start):
            do { return .content(try ContentPath("\(start)/\(path)")) } catch {
                throw Self.unknown("\(start)/\(path)")
            }
        }
    }

    /// Finds what is named, nil if the path does not lead anywhere.
    ///
    /// - Throws: ``SnapshotError`` with `noSnapshot`; what reading throws.
    public func resolveIfPresent(in repository: Repository) async throws -> TreeRoot? {
        do { return try await resolve(in: repository) } catch let error as SnapshotError
            where error.code == .noPath
        { return nil } catch let error as UnixFSReadError {
            switch error {
            case .notFound, .notADirectory: return nil
            default: throw error
            }
        }
    }

    /// Finds what is named.
    ///
    /// - Throws: ``SnapshotError`` with `noSnapshot` or `noPath`; what reading throws.
    public func resolve(in repository: Repository) async throws -> TreeRoot {
        let reader = UnixFSReader(source: repository.blocks)
        switch self {
        case .content(let path):
            return .entry(try await reader.resolve(path.root, path: path.segments).cid)
        case .snapshot(let name, let path):
            let snapshot = try await repository.snapshot(named: name)
            let tree = SnapshotTree(snapshot)
            guard let root = try await tree.resolve(path, reader) else {
                throw SnapshotError(.noPath, "snapshot \(snapshot.id) has no \(path)")
            }
            return root
        }
    }
}

/// Where a tree begins.
public enum TreeRoot: Hashable, Sendable {
    /// A directory or a file.
    case entry(CID)
    /// The roots of a snapshot that has several, as if a directory held them.
    case roots([DirectoryEntry])
}

extension Repository {
    /// The snapshot that `latest` or the beginning of an id names.
    ///
    /// - Throws: ``SnapshotError`` with `noSnapshot`; `CatalogError` with `ambiguous`.
    public func snapshot(named name: String) async throws -> SnapshotRecord {
        if name == "latest" {
            if let latest = try await catalog.snapshots(limit: 1).first { return latest }
            throw SnapshotError(.noSnapshot, "there is no snapshot yet")
        }
        if let snapshot = try await catalog.snapshot(matching: name) { return snapshot }
        throw SnapshotError(
            .noSnapshot, "no snapshot's id begins with \(name); `cairn snapshots` lists them")
    }
}
