// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import IPLD
import Multiformats
import PackStore
import Repository
import Synchronization
import UnixFS

/// Finds lost blocks in the files that they were made from.
///
/// A snapshot tells the source and the options, the path in its DAG the file, and the sizes in the
/// file's nodes where in it a leaf lies: so one leaf costs one read of its bytes. Where nodes are
/// lost, the file or directory is made anew. Nothing is believed but CIDs.
struct SourceFiles {
    /// Blocks of one file or directory that are remembered while it is made anew; of a larger one
    /// only its lost blocks that are known are healed at a time.
    private static let rememberedLimit = 1_000_000
    /// Bytes of blocks that go into one pack.
    private static let batchByteCount = 32 << 20

    private let repository: Repository
    private var snapshots: [String: SnapshotRecord] = [:]
    /// What was made anew already: it gives nothing more.
    private var rebuilt: Set<String> = []

    init(_ repository: Repository) async throws {
        self.repository = repository
        for snapshot in try await repository.catalog.snapshots(limit: nil)
        where snapshot.host == Machine.hostName {
            snapshots[snapshot.id] = snapshot
        }
    }

    /// What a source gave.
    enum Found: Sendable {
        case nothing
        /// The block, which is not stored yet.
        case block(Block)
        /// So many blocks, which are stored.
        case stored(Int)
    }

    /// Looks for `content` in its source.
    ///
    /// - Throws: `CatalogError`, `PackError`; a source that cannot be read gives nothing.
    mutating func find(_ content: LostContent) async throws -> Found {
        guard let snapshot = snapshots[content.snapshotID], let index = content.rootIndex,
            let dag = try? DAGOptions(  // of an import, or of a newer release
                fields: snapshot.options.map { (key: $0.key, value: $0.value) })
        else { return .nothing }
        let rebuild = try FileRebuild(dag)
        for place in Self.places(of: content, root: index, in: snapshot) {
            if let leaf = try await leaf(content, place, rebuild) { return .block(leaf) }
            for keepsHidden in [false, true] {
                let name = "\(keepsHidden) \(snapshot.options) \(place)"
                guard rebuilt.insert(name).inserted else { continue }
                let stored = try await entry(content, place, rebuild, keepsHidden: keepsHidden)
                if stored > 0 { return .stored(stored) }
            }
        }
        return .nothing
    }

    /// Where on disk a path of a snapshot may come from.
    private struct Place: CustomStringConvertible {
        /// A source, and the names below it.
        let source: String
        let names: [[UInt8]]

        var description: String {
            ([source] + names.map { String(decoding: $0, as: UTF8.self) }).joined(separator: "/")
        }

        /// The directory of the entry, opened, and the entry's name.
        func open() throws(IOError) -> (Directory, [UInt8]) {
            guard let name = names.last else {
                var path = Array(source.utf8)
                while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
                guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else {
                    return (try Directory("."), path)
                }
                let parent = slash == 0 ? "/" : String(decoding: path[..<slash], as: UTF8.self)
                let base = Array(path[(slash + 1)...])
                return (try Directory(parent), base.isEmpty ? [UInt8(ascii: ".")] : base)
            }
            var directory = try Directory(source)
            for name in names.dropLast() { directory = try directory.openDirectory(name) }
            return (directory, name)
        }
    }

    private static func places(
        of content: LostContent, root index: Int, in snapshot: SnapshotRecord
    ) -> [Place] {
        let sources = snapshot.sources.filter { $0 != "-" }
        var places: [Place] = []
        if snapshot.roots.count == sources.count {
            places.append(Place(source: sources[index], names: content.names))
        }
        // Several sources, or one, wrapped in a directory: the first name is that of the source.
        if snapshot.roots.count == 1, let first = content.names.first {
            for source in sources {
                let base = source.split(separator: "/").last.map { Array($0.utf8) }
                guard base == first else { continue }
                places.append(Place(source: source, names: Array(content.names.dropFirst())))
            }
        }
        return places
    }

    /// The one leaf that is lost, if its place in the file is known and still holds it.
    private func leaf(
        _ content: LostContent, _ place: Place, _ rebuild: FileRebuild
    ) async throws -> Block? {
        guard let offset = content.offset, let byteCount = content.byteCount,
            let byteCount = Int(exactly: byteCount)
        else { return nil }
        return try await BlockingPool.shared.run {
            guard let (directory, name) = try? place.open(),  // gone, or never there
                let block = try rebuild.leaf(
                    name, in: directory, at: offset, byteCount: byteCount, isWhole: false),
                block.cid.multihashBytes == content.cid.multihashBytes
            else { return nil }
            return Block(cid: content.cid, bytes: block.bytes)
        }
    }

    /// Makes the whole entry anew and stores what of it is not in the store, if the lost block is
    /// part of it.
    private func entry(
        _ content: LostContent, _ place: Place, _ rebuild: FileRebuild, keepsHidden: Bool
    ) async throws -> Int {
        let wanted = Array(content.cid.multihashBytes)
        let keys: Set<[UInt8]> = await BlockingPool.shared.run {
            guard let (directory, name) = try? place.open() else { return [] }  // as for a leaf
            var keys: Set<[UInt8]> = []
            _ = try? rebuild.entry(name, in: directory, keepsHidden: keepsHidden) { block in
                let key = Array(block.cid.multihashBytes)
                if keys.count < Self.rememberedLimit || key == wanted { keys.insert(key) }
            }  // read halfway, it may have given what was wanted all the same
            return keys.contains(wanted) ? keys : []
        }
        guard !keys.isEmpty else { return 0 }
        let missing = try await notDurable(keys)
        let sealed = Mutex<[SealedPack]>([])
        let stored = try await BlockingPool.shared.run { [repository] in
            guard let (directory, name) = try? place.open() else { return 0 }  // gone
            var left = missing
            var batch: [Block] = []
            var byteCount = 0
            func flush() throws {
                let packs = try repository.sealPacks(of: batch, in: .hot)
                sealed.withLock { $0 += packs }
                (batch, byteCount) = ([], 0)
            }
            _ = try rebuild.entry(name, in: directory, keepsHidden: keepsHidden) { block in
                guard left.remove(Array(block.cid.multihashBytes)) != nil else { return }
                batch.append(block)
                byteCount += block.bytes.count
                if byteCount >= Self.batchByteCount { try flush() }
            }
            if !batch.isEmpty { try flush() }
            return missing.count - left.count
        }
        for pack in sealed.withLock({ $0 }) { try await repository.commit(pack) }
        return stored
    }

    private func notDurable(_ keys: Set<[UInt8]>) async throws -> Set<[UInt8]> {
        let keys = Array(keys)
        var missing: Set<[UInt8]> = []
        for start in stride(from: 0, to: keys.count, by: 4096) {
            let batch = Array(keys[start..<min(start + 4096, keys.count)])
            let places = try await repository.catalog.durablePlaces(of: batch)
            for (key, place) in zip(batch, places) where place == nil { missing.insert(key) }
        }
        return missing
    }
}
