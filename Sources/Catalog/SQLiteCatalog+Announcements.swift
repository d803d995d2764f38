// SPDX-License-Identifier: Apache-2.0

import GRDB

extension SQLiteCatalog {
    /// As ``AnnounceStore/addAnnouncements(_:)``.
    public func addAnnouncements(_ multihashes: [[UInt8]]) async throws -> Int {
        for multihash in multihashes {
            guard 1...NewBlock.maximumMultihashByteCount ~= multihash.count else {
                throw CatalogError(
                    .invalid, "an announcement has \(multihash.count) bytes of multihash")
            }
        }
        let new = await Self.sorted(multihashes)
        return try await write { db in
            var added = 0
            var rest = new[...]
            while let first = rest.first {
                var (cell, end) = try AnnounceCell.covering(db, AnnounceCell.number(of: first.key))
                var known = Set(cell.entries.map(\.multihash))
                let countBefore = cell.entries.count
                while let next = rest.first,
                    end.map({ AnnounceCell.number(of: next.key) < $0 }) ?? true
                {
                    rest.removeFirst()
                    guard known.insert(next.multihash).inserted else { continue }
                    cell.entries.append(.init(multihash: next.multihash, providedAt: 0))
                }
                let addedHere = cell.entries.count - countBefore
                guard addedHere > 0 else { continue }
                added += addedHere
                try cell.save(db)
            }
            try Self.change(db, count: added, fresh: added)
            return added
        }
    }

    @concurrent private static func sorted(_ multihashes: [[UInt8]]) async -> [Announcement] {
        multihashes.map { Announcement($0) }.sorted { $0.key < $1.key }
    }

    /// As ``AnnounceStore/announcement(of:)``.
    public func announcement(of multihash: [UInt8]) async throws -> Announcement? {
        let key = AnnounceKey(hashing: multihash)
        return try await read { db in
            let cell = try AnnounceCell.covering(db, AnnounceCell.number(of: key)).cell
            return cell.entries.first { $0.multihash == multihash }.map { $0.announcement(key) }
        }
    }

    /// As ``AnnounceStore/announcements(in:before:limit:)``.
    public func announcements(
        in range: ClosedRange<AnnounceKey>, before time: Int64, limit: Int
    ) async throws -> [Announcement] {
        let limit = min(limit, AnnounceLimits.page)
        return try await read { db in
            var found: [Announcement] = []
            try Self.forEachCell(db, in: range, freshOnly: time == 1) { id, body in
                let cell = try AnnounceCell(id: id, decoding: body)
                let here = cell.entries.lazy.filter { Int64($0.providedAt) < time }
                    .map { $0.announcement(AnnounceKey(hashing: $0.multihash)) }
                    .filter { range.contains($0.key) }
                found.append(contentsOf: here.sorted { $0.key < $1.key })
                return found.count < limit
            }
            return Array(found.prefix(limit))
        }
    }

    /// As ``AnnounceStore/announcementCount(in:)``.
    public func announcementCount(in range: ClosedRange<AnnounceKey>) async throws -> Int {
        let lowest = AnnounceCell.number(of: range.lowerBound)
        // A cell ends where the next one begins: all but the outer ones lie inside.
        @Sendable func count(
            _ cell: (id: Int64, body: [UInt8]), isLast: Bool
        ) throws -> Int {
            if cell.id > lowest, !isLast { return try AnnounceCell.entryCount(of: cell.body.span) }
            return try AnnounceCell(id: cell.id, decoding: cell.body.span).entries.count {
                range.contains(AnnounceKey(hashing: $0.multihash))
            }
        }
        return try await read { db in
            try db.withCursor(Self.cellSQL(freshOnly: false)) { cursor in
                try Self.bind(range, to: cursor)
                var sum = 0
                var last: (id: Int64, body: [UInt8])?
                while try cursor.step() {
                    if let last { sum += try count(last, isLast: false) }
                    last = (cursor.integer(0), cursor.bytes(1))
                }
                return try sum + (last.map { try count($0, isLast: true) } ?? 0)
            }
        }
    }

    /// Lends the cells that may hold keys of `range`, in order, until `body` returns false.
    private static func forEachCell(
        _ db: Database, in range: ClosedRange<AnnounceKey>, freshOnly: Bool,
        _ body: (Int64, Span<UInt8>) throws -> Bool
    ) throws {
        try db.withCursor(cellSQL(freshOnly: freshOnly)) { cursor in
            try bind(range, to: cursor)
            while try cursor.step() {
                let id = cursor.integer(0)
                guard try cursor.withBytes(1, { try body(id, $0) }) else { return }
            }
        }
    }

    private static func cellSQL(freshOnly: Bool) -> String {
        """
        SELECT id, body FROM announce_cells \(freshOnly ? "INDEXED BY announce_fresh" : "")
        WHERE id >= coalesce((SELECT max(id) FROM announce_cells WHERE id <= ?1), 0)
            AND id <= ?2 \(freshOnly ? "AND fresh > 0" : "") ORDER BY id
        """
    }

    private static func bind(
        _ range: ClosedRange<AnnounceKey>, to cursor: borrowing SQLCursor
    ) throws {
        try cursor.bind(AnnounceCell.number(of: range.lowerBound), at: 1)
        try cursor.bind(AnnounceCell.number(of: range.upperBound), at: 2)
    }

    /// As ``AnnounceStore/settleAnnouncements(provided:absent:at:)``.
    public func settleAnnouncements(
        provided: [Announcement], absent: [Announcement], at time: Int64
    ) async throws {
        guard let time = UInt32(exactly: time), time > 0 else {
            throw CatalogError(.invalid, "\(time) is no time of an announcement")
        }
        try await write { db in
            var provided = provided[...]
            var absent = absent[...]
            var removed = 0
            var settled = 0
            while let first = [provided.first, absent.first].compactMap({ $0?.key }).min() {
                var (cell, end) = try AnnounceCell.covering(db, AnnounceCell.number(of: first))
                let isHere = { (key: AnnounceKey) in
                    end.map { AnnounceCell.number(of: key) < $0 } ?? true
                }
                let here = Set(provided.prefix { isHere($0.key) }.map(\.multihash))
                let gone = Set(absent.prefix { isHere($0.key) }.map(\.multihash))
                provided = provided.drop { isHere($0.key) }
                absent = absent.drop { isHere($0.key) }
                let freshBefore = cell.freshCount
                let countBefore = cell.entries.count
                if !gone.isEmpty { cell.entries.removeAll { gone.contains($0.multihash) } }
                for index in cell.entries.indices
                where here.contains(cell.entries[index].multihash) {
                    cell.entries[index].providedAt = time
                }
                removed += countBefore - cell.entries.count
                settled += freshBefore - cell.freshCount
                try cell.save(db)
            }
            try Self.change(db, count: -removed, fresh: -settled)
        }
    }

    private static func change(_ db: Database, count: Int, fresh: Int) throws {
        for (name, change) in [("announce_count", count), ("announce_fresh", fresh)]
        where change != 0 {
            try db.withCursor("UPDATE state SET value = value + ? WHERE name = ?") { cursor in
                try cursor.bind(Int64(change), at: 1)
                try cursor.bind(name, at: 2)
                try cursor.execute()
            }
        }
    }
}

extension AnnounceCell.Entry {
    fileprivate func announcement(_ key: AnnounceKey) -> Announcement {
        Announcement(
            multihash: multihash, key: key, providedAt: providedAt == 0 ? nil : Int64(providedAt))
    }
}
