// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import FileIO
public import IPLD
public import Multiformats
public import ObjectStore
import Synchronization

/// The packs of a repository, over its tiers.
///
/// Asynchronous methods do their reading on the threads of a ``BlockingPool``; the others block.
public final class PackStore: Sendable {
    /// What a store of packs keeps in memory.
    public struct Options: Hashable, Sendable {
        /// The most packs kept open, each a file descriptor.
        ///
        /// Default 64.
        public var openPackCount = 64
        /// The most bytes of decompressed frames kept.
        ///
        /// Default 32 MiB.
        public var cacheByteCount = 32 << 20
        /// The most bytes kept of the indexes of packs far away.
        ///
        /// Default 16 MiB.
        public var pageByteCount = 16 << 20

        /// The defaults.
        public init() {}
    }

    private struct FrameKey: Hashable {
        let pack: PackID
        let frame: Int
    }

    private struct ReaderKey: Hashable {
        let pack: PackID
        let tier: PackTier
    }

    /// The store behind each tier.
    public let tiers: [PackTier: any ObjectStore]

    /// By which packs are dated, and reads noted.
    public let clock: WallClock

    /// When packs were read, for rules that ask.
    public let accesses = PackAccesses()

    private let pool: BlockingPool
    private let pages: PageCache
    /// For tiers over a network, made on first use.
    ///
    /// Calls there may wait for minutes, and would take the threads that local reads need.
    private let farPool = Mutex<BlockingPool?>(nil)
    private static let farThreadCount = 8
    private let readers: Mutex<PackCache<ReaderKey, PackReader>>
    private let frames: Mutex<PackCache<FrameKey, [UInt8]>>

    /// A store over these tiers.
    public init(
        tiers: [PackTier: any ObjectStore], options: Options = Options(),
        pool: BlockingPool = .shared, clock: WallClock = .system
    ) {
        self.tiers = tiers
        self.clock = clock
        self.pool = pool
        self.pages = PageCache(byteLimit: options.pageByteCount)
        self.readers = Mutex(PackCache(costLimit: options.openPackCount))
        self.frames = Mutex(PackCache(costLimit: options.cacheByteCount))
    }

    /// The sealed packs of `tier`, oldest first.
    ///
    /// - Throws: ``PackError``.
    public func packs(in tier: PackTier) async throws -> [PackID] {
        try await run(tier) { [self] in
            do throws(ObjectStoreError) {
                return try store(of: tier).list().compactMap(PackFormat.packID).sorted()
            } catch {
                throw PackError(error, pack: nil)
            }
        }
    }

    /// Begins a pack in `tier`.
    ///
    /// Blocks.
    ///
    /// - Throws: ``PackError``.
    public func writer(
        kind: PackKind, tier: PackTier, id: PackID = .make(), limits: PackLimits = .default
    ) throws(PackError) -> PackWriter {
        try PackWriter(
            into: objectStore(tier), kind: kind, tier: tier, id: id, limits: limits, clock: clock)
    }

    /// The block at `ordinal` of a pack, checked against `cid`, by which it is handed out: its
    /// multihash is what counts, version and codec may differ from those in the pack.
    ///
    /// - Throws: ``PackError`` with `notFound`, `damaged`, `otherBlock`, or of the store.
    public func block(
        in pack: PackID, tier: PackTier, ordinal: Int, expecting cid: CID
    ) async throws -> Block {
        try await run(tier) { [self] in
            accesses.note(pack, at: clock.milliseconds)
            var cursor = PackCursor(try reader(of: pack, tier: tier))
            return try cursor.block(ordinal, expecting: cid, cache: self)
        }
    }

    /// Reads blocks of one pack, each frame once as a rule, and hands each to `body` on a thread
    /// of the pool, in the order of the ordinals.
    ///
    /// Each is checked against the CID in `wanted`, as by `block`.
    /// - Throws: what `body` throws, and ``PackError`` if the pack cannot be opened.
    public func read(
        _ wanted: [WantedBlock], of pack: PackID, tier: PackTier,
        _ body: @escaping @Sendable (WantedBlock, Result<Block, PackError>) throws -> Void
    ) async throws {
        try await run(tier) { [self] in
            accesses.note(pack, at: clock.milliseconds)
            var cursor = PackCursor(try reader(of: pack, tier: tier))
            let wanted = wanted.sorted { $0.ordinal < $1.ordinal }
            if try objectStore(tier).readGranularity > 0 {
                cursor.plan(wanted.map(\.ordinal), cache: self)
            }
            for block in wanted {
                let result: Result<Block, PackError>
                do throws(PackError) {
                    result = .success(
                        try cursor.block(block.ordinal, expecting: block.cid, cache: self))
                } catch {
                    result = .failure(error)
                }
                try body(block, result)
            }
        }
    }

    /// The lengths of blocks of one pack in bytes, by its index; nothing else is read.
    ///
    /// - Throws: ``PackError``.
    public func byteCounts(
        ofBlocks ordinals: [Int], of pack: PackID, tier: PackTier
    ) async throws -> [Int] {
        try await run(tier) { [self] in
            var cursor = PackCursor(try reader(of: pack, tier: tier))
            var byteCounts = Array(repeating: 0, count: ordinals.count)
            // In the order of the index, so that neighbours are read together.
            for index in ordinals.indices.sorted(by: { ordinals[$0] < ordinals[$1] }) {
                byteCounts[index] = try cursor.byteCount(ordinals[index])
            }
            return byteCounts
        }
    }

    /// The whole index of a pack, checked.
    ///
    /// - Throws: ``PackError``.
    public func index(of pack: PackID, tier: PackTier) async throws -> PackIndex {
        try await run(tier) { [self] in try reader(of: pack, tier: tier).index() }
    }

    /// The size of a pack's file, in bytes.
    ///
    /// - Throws: ``PackError`` with `notFound`, or of the store.
    public func storedByteCount(of pack: PackID, tier: PackTier) async throws -> Int64 {
        try await run(tier) { [self] in
            do throws(ObjectStoreError) {
                return try store(of: tier).byteCount(of: PackFormat.key(pack))
            } catch {
                throw PackError(error, pack: pack)
            }
        }
    }

    /// Removes a pack, durably.
    ///
    /// Whoever reads it at this moment may read on.
    ///
    /// - Throws: ``PackError`` with `notFound` if there is none.
    public func delete(_ pack: PackID, tier: PackTier) async throws {
        try await run(tier) { [self] in
            do throws(ObjectStoreError) {
                try store(of: tier).delete(PackFormat.key(pack))
            } catch {
                throw PackError(error, pack: pack)
            }
        }
        // Not before: whoever opened it meanwhile would keep the file's space in use.
        readers.withLock { $0.remove(ReaderKey(pack: pack, tier: tier)) }
        frames.withLock { $0.removeAll { $0.pack == pack } }
        pages.forget(pack)
    }

    /// Closes packs that are kept open, so that the space of those is free that others have deleted.
    public func closeReaders() {
        readers.withLock { $0.removeAll { _ in true } }
    }

    /// Reads every byte of a pack and tells all that is wrong with it.
    ///
    /// - Throws: ``PackError`` with `notFound`, or of the store; damage is a result.
    public func verify(_ pack: PackID, tier: PackTier) async throws -> PackVerification {
        try await run(tier) { [self] in
            try PackVerification(of: pack, openWhole(pack, tier: tier))
        }
    }

    /// The index of a pack, made from its frames alone where its own is damaged.
    ///
    /// Blocks that do not match their CIDs, and all behind bytes that are no frame, are left
    /// out, so ordinals may differ from those that were given out before. Flags are lost.
    /// - Throws: ``PackError`` with `notFound`, or of the store.
    public func recoverIndex(of pack: PackID, tier: PackTier) async throws -> PackIndex {
        try await run(tier) { [self] in
            var walk = FrameWalk(try openWhole(pack, tier: tier), id: pack)
            var contents = PackContents()
            while let frame = try walk.next() { contents.append(frame) }
            return PackIndex(
                id: pack, kind: contents.guessedKind,
                createdAtMilliseconds: Int64(clamping: pack.milliseconds), contents: contents)
        }
    }

    /// The store behind `tier`.
    func objectStore(_ tier: PackTier) throws(PackError) -> any ObjectStore {
        do { return try store(of: tier) } catch { throw PackError(error, pack: nil) }
    }

    /// Runs `body`, which uses these tiers, on a thread that may block.
    func run<Value: Sendable>(
        _ tiers: PackTier..., body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let isFar = tiers.contains { self.tiers[$0]?.readGranularity ?? 0 > 0 }
        return try await (isFar ? far : pool).run(body)
    }

    private var far: BlockingPool {
        farPool.withLock { pool in
            if let pool { return pool }
            let new = BlockingPool(width: Self.farThreadCount)
            pool = new
            return new
        }
    }

    private func store(of tier: PackTier) throws(ObjectStoreError) -> any ObjectStore {
        guard let store = tiers[tier] else {
            throw ObjectStoreError(.notFound, key: nil, message: "there is no tier \(tier)")
        }
        return store
    }

    private func open(_ pack: PackID, tier: PackTier) throws(PackError) -> any ObjectReader {
        do throws(ObjectStoreError) {
            let store = try store(of: tier)
            let object = try store.open(PackFormat.key(pack))
            guard store.readGranularity > 0 else { return object }
            return PagedObjectReader(
                object, pack: pack, tier: tier, pageByteCount: store.readGranularity, pages: pages)
        } catch {
            throw PackError(error, pack: pack)
        }
    }

    private func reader(of pack: PackID, tier: PackTier) throws(PackError) -> PackReader {
        let key = ReaderKey(pack: pack, tier: tier)
        if let reader = readers.withLock({ $0.value(key) }) { return reader }
        let reader = try PackReader(pack, open(pack, tier: tier))
        readers.withLock { $0.insert(reader, for: key, cost: 1) }
        return reader
    }
}

extension PackStore: FrameCache {
    func content(of frame: Int, in pack: PackID) -> [UInt8]? {
        frames.withLock { $0.value(FrameKey(pack: pack, frame: frame)) }
    }

    func keep(_ content: [UInt8], of frame: Int, in pack: PackID) {
        frames.withLock {
            $0.insert(content, for: FrameKey(pack: pack, frame: frame), cost: content.count)
        }
    }
}

/// A block to read, and where in its pack it lies.
public struct WantedBlock: Hashable, Sendable {
    /// The block's number in the pack.
    public let ordinal: Int
    /// What the block must hash to, and what it is handed out as.
    public let cid: CID
    /// What the caller knows it by.
    public let index: Int

    /// Describes a block to read.
    public init(ordinal: Int, cid: CID, index: Int) {
        self.ordinal = ordinal
        self.cid = cid
        self.index = index
    }
}
