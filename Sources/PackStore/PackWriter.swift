// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import FileIO
public import ObjectStore

/// Writes one pack: frames, then index and seek table.
///
/// Every call may block. After a failure every later call fails, too; then the pack is to be
/// abandoned. A writer dropped without an end leaves a part that ``PackStore`` can salvage.
public struct PackWriter: ~Copyable, Sendable {
    /// The pack's name.
    public let id: PackID
    /// What it holds.
    public let kind: PackKind
    /// Where it lies.
    public let tier: PackTier

    private let limits: PackLimits
    private let clock: WallClock
    private let object: any ObjectWriter
    private var contents: PackContents

    /// Begins a pack in the store of `tier`.
    ///
    /// - Throws: ``PackError``.
    public init(
        into store: any ObjectStore, kind: PackKind, tier: PackTier, id: PackID = .make(),
        limits: PackLimits = .default, clock: WallClock = .system
    ) throws(PackError) {
        object = try Self.begin(id, in: store)
        contents = .begun
        self.id = id
        self.kind = kind
        self.tier = tier
        self.limits = limits
        self.clock = clock
    }

    private static func begin(
        _ id: PackID, in store: any ObjectStore
    ) throws(PackError) -> any ObjectWriter {
        do throws(ObjectStoreError) {
            let object = try store.create(PackFormat.key(id))
            try object.append(PackFormat.headerFrame)
            return object
        } catch {
            throw PackError(error, pack: id)
        }
    }

    /// How many bytes the frames take in the file so far.
    public var storedByteCount: Int64 { contents.endOffset }

    /// The bytes of the blocks appended so far, before compression.
    public var byteCount: Int64 { contents.byteCount }

    /// How many blocks were appended.
    public var blockCount: Int { contents.blocks.count }

    /// Whether the pack has reached one of its limits.
    public var isFull: Bool {
        blockCount >= limits.blockCount || storedByteCount >= limits.storedByteCount
    }

    /// Whether `frame` can be appended: the pack is not full, nor its blocks too many.
    public func hasRoom(for frame: Frame) -> Bool {
        !isFull && blockCount + frame.blocks.count <= limits.blockCount
    }

    /// Appends a frame; the ordinals of its blocks go on from ``blockCount``.
    ///
    /// - Throws: ``PackError`` with `tooLarge` if there are too many blocks, and errors of the
    ///   store.
    public mutating func append(_ frame: Frame) throws(PackError) {
        guard blockCount + frame.blocks.count <= limits.blockCount else {
            throw PackError(
                .tooLarge, pack: id,
                message: "\(blockCount) and \(frame.blocks.count) blocks pass the limit")
        }
        do { try object.append(frame.stored) } catch { throw PackError(error, pack: id) }
        contents.append(
            storedByteCount: frame.stored.count, contentByteCount: frame.contentByteCount,
            blocks: frame.blocks)
    }

    /// Appends index and seek table, and hands everything to the system.
    ///
    /// Nothing is durable yet: the caller goes on with the next pack while another thread seals
    /// this one.
    /// - Parameter date: when its blocks were stored, in milliseconds since 1970 (UTC), if they come
    ///   from other packs; nil for now.
    /// - Throws: ``PackError``; what was written is then left to salvage.
    public consuming func finish(
        datedMilliseconds date: Int64? = nil
    ) throws(PackError) -> FinishedPack {
        let createdAt = date ?? clock.milliseconds
        let trailer = contents.trailer(id: id, kind: kind, createdAtMilliseconds: createdAt)
        do throws(ObjectStoreError) {
            try object.append(trailer)
            try object.flush()
        } catch {
            throw PackError(error, pack: id)
        }
        let pack = SealedPack(
            id: id, kind: kind, tier: tier, createdAtMilliseconds: createdAt,
            byteCount: contents.byteCount, storedByteCount: object.byteCount,
            blocks: contents.blocks)
        return FinishedPack(object, pack)
    }

    /// Gives the pack up and removes what was written.
    public consuming func abandon() { object.abandon() }
}

/// A pack that is written whole, but not yet durable nor visible.
public final class FinishedPack: Sendable {
    private let object: any ObjectWriter
    private let pack: SealedPack

    init(_ object: any ObjectWriter, _ pack: SealedPack) {
        self.object = object
        self.pack = pack
    }

    /// The pack's name.
    public var id: PackID { pack.id }
    /// The size of its file, in bytes.
    public var storedByteCount: Int64 { pack.storedByteCount }
    /// How many blocks it holds.
    public var blockCount: Int { pack.blockCount }

    /// Makes the pack durable, then visible, durably; to be called once.
    ///
    /// Blocks for as long as the device takes.
    ///
    /// - Throws: ``PackError``; a sync that failed is not tried again.
    public func seal() throws(PackError) -> SealedPack {
        do { try object.seal() } catch { throw PackError(error, pack: pack.id) }
        return pack
    }

    /// Gives the pack up and removes what was written, unless it is sealed.
    public func abandon() { object.abandon() }
}
