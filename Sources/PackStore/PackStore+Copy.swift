// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import ObjectStore

extension PackStore {
    /// Bytes that are read and written at once by a copy.
    private static let pieceByteCount = 4 << 20

    /// Copies a sealed pack to another tier, where it is durable on return; nothing is checked.
    ///
    /// Memory is some pieces of 4 MiB. Broken off, or failed, it leaves nothing that another copy
    /// would not remove.
    /// - Parameter onProgress: hears of the bytes of each piece that was written.
    /// - Returns: false if there is a sealed object of that name at the destination already.
    /// - Throws: ``PackError`` of either tier; `CancellationError`.
    public func copy(
        _ pack: PackID, from source: PackTier, to destination: PackTier,
        onProgress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> Bool {
        try await run(source, destination) { [self] in
            let reader = try openWhole(pack, tier: source)
            guard let writer = try begin(pack, in: destination) else { return false }
            do {
                var offset: Int64 = 0
                while offset < reader.byteCount {
                    if Task.isCancelled { throw CancellationError() }
                    let count = Int(min(Int64(Self.pieceByteCount), reader.byteCount - offset))
                    try writer.append(try reader.read(count, at: offset))
                    offset += Int64(count)
                    onProgress(count)
                }
                try writer.seal()
            } catch {
                writer.abandon()
                if let error = error as? ObjectStoreError { throw PackError(error, pack: pack) }
                throw error
            }
            return true
        }
    }

    /// Begins a copy; nil if there is a sealed object of that name.
    private func begin(
        _ pack: PackID, in tier: PackTier
    ) throws(PackError) -> (any ObjectWriter)? {
        let store = try objectStore(tier)
        do throws(ObjectStoreError) {
            let key = PackFormat.key(pack)
            // A part without an owner is what a copy left that was broken off.
            if let part = try store.takeOver(key) { part.abandon() }
            do { return try store.create(key) } catch {
                guard error.code == .exists else { throw error }
                do { _ = try store.open(key) } catch let missing {
                    // Being written by somebody else, who then must be let.
                    throw missing.code == .notFound ? error : missing
                }
                return nil
            }
        } catch {
            throw PackError(error, pack: pack)
        }
    }

    /// Whether a copy of a pack is whole: reads all of it, checks every frame and every block, and
    /// compares its index with that of the other copy, whose blocks are not read.
    ///
    /// - Returns: what is wrong with the copy in `tier`; nil if nothing is.
    /// - Throws: ``PackError`` if either cannot be read at all.
    public func checkCopy(
        of pack: PackID, in tier: PackTier, against other: PackTier
    ) async throws -> String? {
        try await run(tier, other) { [self] in
            let reader = try PackReader(pack, openWhole(pack, tier: other))
            let expected = try reader.index()
            let object = try openWhole(pack, tier: tier)
            guard object.byteCount == reader.storedByteCount else {
                return "it has \(object.byteCount) bytes instead of \(reader.storedByteCount)"
            }
            do throws(PackError) {
                let verification = try PackVerification(of: pack, object)
                if let damage = verification.damage.first { return "\(damage)" }
                let index = try PackReader(pack, object).index()
                return index.isSame(as: expected) ? nil : "its index is another"
            } catch {
                // Read anew, it is not what it was a moment ago.
                guard error.code == .damaged || error.code == .unsupported else { throw error }
                return error.message
            }
        }
    }

    /// How a copy of a pack stands to another one by their indexes; reads no block.
    ///
    /// - Throws: ``PackError`` if the other one's index is damaged, or either cannot be read.
    public func likeness(
        of pack: PackID, in tier: PackTier, to other: PackTier
    ) async throws -> CopyLikeness {
        try await run(tier, other) { [self] in
            let two = try PackReader(pack, openWhole(pack, tier: other))
            let expected = try two.index()
            let object = try openWhole(pack, tier: tier)
            do throws(PackError) {
                let one = try PackReader(pack, object)
                guard one.storedByteCount == two.storedByteCount else { return .other }
                let isSame = try one.index().isSame(as: expected)
                return isSame ? .same : .other
            } catch {
                switch error.code {
                case .unsupported: return .other
                case .damaged: return error.cause is PackHeader.OtherPack ? .other : .broken
                default: throw error
                }
            }
        }
    }

    /// A pack that is going to be read whole, anew: not by an open file that may have been deleted.
    func openWhole(_ pack: PackID, tier: PackTier) throws(PackError) -> any ObjectReader {
        let store = try objectStore(tier)
        do throws(ObjectStoreError) {
            let object = try store.open(PackFormat.key(pack))
            guard store.readGranularity > 0 else { return object }
            return SequentialObjectReader(
                object, pieceByteCount: max(store.readGranularity, 2 * Self.pieceByteCount))
        } catch {
            throw PackError(error, pack: pack)
        }
    }
}

/// How a copy of a pack stands to another one.
public enum CopyLikeness: Sendable {
    /// Their indexes are equal.
    case same
    /// It is another pack under this name, or one of a later version.
    case other
    /// It has no index that can be read: it is not whole.
    case broken
}

extension PackIndex {
    /// Whether both describe the same bytes: frames, blocks, flags, kind and time.
    func isSame(as other: PackIndex) -> Bool {
        id == other.id && kind == other.kind
            && createdAtMilliseconds == other.createdAtMilliseconds
            && contents.frames == other.contents.frames && blocks == other.blocks
    }
}
