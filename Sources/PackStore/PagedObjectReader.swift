// SPDX-License-Identifier: Apache-2.0

import BlockStore
import ObjectStore
import Synchronization

/// A sealed object whose every read is a request over a network: small reads, as of an index, are
/// served from pages that are kept.
///
/// Pages are counted from the end, where a pack has its index, so that opening a small pack takes
/// one request.
final class PagedObjectReader: ObjectReader {
    private let base: any ObjectReader
    private let pack: PackID
    private let tier: PackTier
    private let pageByteCount: Int
    private let pages: PageCache

    var byteCount: Int64 { base.byteCount }

    init(
        _ base: any ObjectReader, pack: PackID, tier: PackTier, pageByteCount: Int,
        pages: PageCache
    ) {
        self.base = base
        self.pack = pack
        self.tier = tier
        self.pageByteCount = pageByteCount
        self.pages = pages
    }

    func read(_ byteCount: Int, at offset: Int64) throws(ObjectStoreError) -> [UInt8] {
        let end = offset + Int64(byteCount)
        guard byteCount > 0, byteCount < pageByteCount, offset >= 0, end <= base.byteCount else {
            return try base.read(byteCount, at: offset)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        // Page 0 ends where the object does; so later pages come first.
        var page = Int((base.byteCount - offset - 1) / Int64(pageByteCount))
        while bytes.count < byteCount {
            let pageEnd = base.byteCount - Int64(page) * Int64(pageByteCount)
            let pageStart = max(0, pageEnd - Int64(pageByteCount))
            let content = try self.page(page, pageStart..<pageEnd)
            let start = Int(max(offset, pageStart) - pageStart)
            let stop = Int(min(end, pageEnd) - pageStart)
            bytes.append(contentsOf: content[start..<stop])
            page -= 1
        }
        return bytes
    }

    private func page(_ page: Int, _ range: Range<Int64>) throws(ObjectStoreError) -> [UInt8] {
        let key = PageCache.Key(pack: pack, tier: tier, page: page)
        if let known = pages.value(key) { return known }
        let bytes = try base.read(Int(range.upperBound - range.lowerBound), at: range.lowerBound)
        pages.keep(bytes, for: key)
        return bytes
    }
}

/// Pages of packs far away, for all readers of a store together.
final class PageCache: Sendable {
    struct Key: Hashable {
        let pack: PackID
        let tier: PackTier
        let page: Int
    }

    private let pages: Mutex<PackCache<Key, [UInt8]>>

    init(byteLimit: Int) { pages = Mutex(PackCache(costLimit: byteLimit)) }

    func value(_ key: Key) -> [UInt8]? { pages.withLock { $0.value(key) } }

    func keep(_ bytes: [UInt8], for key: Key) {
        pages.withLock { $0.insert(bytes, for: key, cost: bytes.count) }
    }

    func forget(_ pack: PackID) { pages.withLock { $0.removeAll { $0.pack == pack } } }
}

/// Reads an object from start to end in large pieces, whatever its reader asks for.
///
/// Confined to one thread at a time by its lock; for whoever goes through a whole pack far away.
final class SequentialObjectReader: ObjectReader {
    private let base: any ObjectReader
    private let pieceByteCount: Int
    private let piece = Mutex<(offset: Int64, bytes: [UInt8])>((0, []))

    var byteCount: Int64 { base.byteCount }

    init(_ base: any ObjectReader, pieceByteCount: Int) {
        self.base = base
        self.pieceByteCount = pieceByteCount
    }

    func read(_ byteCount: Int, at offset: Int64) throws(ObjectStoreError) -> [UInt8] {
        try piece.withLock { piece throws(ObjectStoreError) in
            let end = offset + Int64(byteCount)
            if offset < piece.offset || end > piece.offset + Int64(piece.bytes.count) {
                let available = max(base.byteCount - offset, 0)
                let wanted = max(byteCount, Int(min(Int64(pieceByteCount), available)))
                piece = (offset, try base.read(wanted, at: offset))
            }
            let start = Int(offset - piece.offset)
            return Array(piece.bytes[start..<start + byteCount])
        }
    }
}
