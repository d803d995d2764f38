// SPDX-License-Identifier: Apache-2.0

import Catalog
import IPLD
import Multiformats
import UnixFS

/// The roots of a snapshot as one tree, and paths in it.
struct SnapshotTree {
    private let snapshot: SnapshotRecord
    /// The roots with names of their own; none whose CID cannot be read.
    let roots: [DirectoryEntry]

    init(_ snapshot: SnapshotRecord) {
        self.snapshot = snapshot
        var names: Set<[UInt8]> = []
        roots = snapshot.roots.compactMap { root in
            guard let cid = try? CID(root.cid) else { return nil }  // `snapshots` shows the damage
            let name = Array((root.name.isEmpty ? cid.description : root.name).utf8)
            var unique = name
            var number = 2
            // Sources in different places may have the same name.
            while !names.insert(unique).inserted {
                unique = name + Array("~\(number)".utf8)
                number += 1
            }
            return DirectoryEntry(name: unique, cid: cid, tsize: 0)
        }
    }

    var root: TreeRoot { roots.count == 1 ? .entry(roots[0].cid) : .roots(roots) }

    /// What `path` leads to; nil if there is nothing.
    ///
    /// A path is one below the root or, if there are several, begins with a root's name. It may
    /// also begin with a source, as that was named for the ingest.
    func resolve<Source: BlockSource>(
        _ path: String, _ reader: UnixFSReader<Source>
    ) async throws -> TreeRoot? {
        for segments in candidates(path) {
            if let found = try await resolve(segments, reader) { return found }
        }
        return nil
    }

    private func resolve<Source: BlockSource>(
        _ path: [[UInt8]], _ reader: UnixFSReader<Source>
    ) async throws -> TreeRoot? {
        var path = path[...]
        let start: CID
        switch root {
        case .entry(let cid): start = cid
        case .roots(let roots):
            guard let name = path.popFirst() else { return root }
            guard let entry = roots.first(where: { $0.name == name }) else { return nil }
            start = entry.cid
        }
        do { return .entry(try await reader.resolve(start, path: Array(path)).cid) } catch let error
            as UnixFSReadError
        {
            switch error {
            case .notFound, .notADirectory: return nil
            default: throw error
            }
        }
    }

    /// What a path may mean, the likeliest first.
    func candidates(_ path: String) -> [[[UInt8]]] {
        let segments = Self.segments(path)
        var candidates: [[[UInt8]]] = []
        for source in snapshot.sources.map(Self.segments) {
            guard let name = source.last, segments.starts(with: source) else { continue }
            let rest = Array(segments.dropFirst(source.count))
            let named = [name] + rest
            // Wrapped or one of several, a source is an entry; alone it is the root itself.
            let isRoot = roots.count == 1 && snapshot.roots.first.map { !$0.name.isEmpty } == true
            candidates += isRoot ? [rest, named] : [named, rest]
        }
        return candidates + [segments]
    }

    private static func segments(_ path: String) -> [[UInt8]] {
        path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [0x2e] }
    }
}
