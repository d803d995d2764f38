// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import IPLD
import Multiformats
import ObjectStore

extension PackStore {
    /// Writes the sound blocks of a damaged pack into a new one, and seals it.
    ///
    /// The damaged pack stays. Memory is bounded by its index and the largest frame.
    /// - Parameters:
    ///   - more: sound blocks to add, such as those had from elsewhere.
    ///   - flags: tells the flags of a DAG-CBOR block where no index does.
    ///   - begin: begins the new pack; it may block.
    /// - Returns: nil if there is no sound block; then nothing is written.
    /// - Throws: ``PackError`` of the store.
    public func rewriteSound(
        _ pack: PackID, tier: PackTier, adding more: [Block] = [],
        compression: Compression = .default,
        flags: @escaping @Sendable (Block) -> BlockFlags,
        begin: @escaping @Sendable () throws -> PackWriter
    ) async throws -> SealedPack? {
        try await run { [self] in
            let sound = SoundBlocks(
                pack, try open(pack, in: tier), compression: compression, flags: flags)
            var writer = try begin()
            var count = 0
            do throws(PackError) {
                count = try sound.append(to: &writer)
                for block in more {
                    let known = block.cid.codec == .dagCBOR ? flags(block) : []
                    try writer.append(
                        FrameBuilder.frame(of: [block], compression: compression, flags: known))
                    count += 1
                }
            } catch {
                writer.abandon()
                throw error
            }
            guard count > 0 else {
                writer.abandon()
                return nil
            }
            return try writer.finish().seal()
        }
    }

    /// Copies what can be read of a pack's file to an object that is no pack, named after it, with
    /// zeros for what cannot; replaces none that is there.
    ///
    /// - Returns: the object's name.
    /// - Throws: ``PackError`` of the store.
    public func setAside(_ pack: PackID, tier: PackTier) async throws -> String {
        try await run { [self] in
            let store = try objectStore(tier)
            let source = try open(pack, in: tier)
            guard let key = ObjectKey(PackFormat.key(pack).name + Self.setAsideSuffix) else {
                preconditionFailure("\(pack) is no object name")
            }
            do throws(ObjectStoreError) {
                let copy = try store.create(key)
                try Self.copy(source, to: copy)
                try copy.seal()
            } catch {
                guard error.code == .exists else { throw PackError(error, pack: pack) }
            }
            return key.name
        }
    }

    /// What the names of packs that were set aside end with.
    public static var setAsideSuffix: String { ".damaged" }

    /// The objects of `tier` that are packs set aside, and their sizes in bytes.
    ///
    /// - Throws: ``PackError``.
    public func packsSetAside(
        in tier: PackTier
    ) async throws -> [(name: String, pack: PackID, byteCount: Int64)] {
        try await run { [self] in
            let store = try objectStore(tier)
            do throws(ObjectStoreError) {
                var found: [(name: String, pack: PackID, byteCount: Int64)] = []
                for key in try store.list() where key.name.hasSuffix(Self.setAsideSuffix) {
                    let name = String(key.name.dropLast(Self.setAsideSuffix.utf8.count))
                    guard let pack = ObjectKey(name).flatMap(PackFormat.packID) else { continue }
                    found.append((key.name, pack, try store.byteCount(of: key)))
                }
                return found.sorted { $0.name < $1.name }
            } catch {
                throw PackError(error, pack: nil)
            }
        }
    }

    /// Removes packs that were set aside; names that are gone are passed over.
    ///
    /// - Throws: ``PackError``.
    public func removeSetAside(_ names: [String], in tier: PackTier) async throws {
        try await run { [self] in
            let store = try objectStore(tier)
            for name in names where name.hasSuffix(Self.setAsideSuffix) {
                guard let key = ObjectKey(name) else { continue }
                do throws(ObjectStoreError) { try store.delete(key) } catch {
                    guard error.code == .notFound else { throw PackError(error, pack: nil) }
                }
            }
        }
    }

    private func open(_ pack: PackID, in tier: PackTier) throws(PackError) -> any ObjectReader {
        let store = try objectStore(tier)
        do throws(ObjectStoreError) { return try store.open(PackFormat.key(pack)) } catch {
            throw PackError(error, pack: pack)
        }
    }

    private static func copy(
        _ source: any ObjectReader, to copy: any ObjectWriter
    ) throws(ObjectStoreError) {
        let (large, small) = (1 << 20, 4096)
        var offset: Int64 = 0
        while offset < source.byteCount {
            let byteCount = Int(min(Int64(large), source.byteCount - offset))
            do throws(ObjectStoreError) {
                try copy.append(try source.read(byteCount, at: offset))
            } catch {
                guard error.code == .device || error.code == .endOfObject else { throw error }
                var end = offset
                while end < offset + Int64(byteCount) {
                    let piece = Int(min(Int64(small), offset + Int64(byteCount) - end))
                    var bytes = Array(repeating: UInt8(0), count: piece)
                    // A sector that cannot be read becomes zeros.
                    if let read = try? source.read(piece, at: end) { bytes = read }
                    try copy.append(bytes)
                    end += Int64(piece)
                }
            }
            offset += Int64(byteCount)
        }
    }
}
