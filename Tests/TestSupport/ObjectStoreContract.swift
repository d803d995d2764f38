// SPDX-License-Identifier: Apache-2.0

public import ObjectStore
import Testing

/// What every store of objects must do; run it on an empty one, on a thread that may block.
public struct ObjectStoreContract {
    private let store: any ObjectStore
    private let largeByteCount: Int

    /// The contract for `store`, which is empty.
    ///
    /// - Parameter largeByteCount: a size that the store does not keep in one piece.
    public init(_ store: any ObjectStore, largeByteCount: Int = 3 << 20) {
        self.store = store
        self.largeByteCount = largeByteCount
    }

    /// Checks every clause.
    public func check() throws {
        try absentObjectsAreNamed()
        try objectsAppearWhenSealed()
        try emptyObjectsAreObjects()
        try rangesAreExact()
        try appendsComeBackInOrder()
        try keysAreGivenOnce()
        try abandonedObjectsLeaveNothing()
        try writersAreNotUsedAfterTheirEnd()
        try deletedObjectsAreGone()
        try allObjectsAreListed()
        #expect(try store.unfinished().isEmpty)
    }

    private func key(_ name: String) throws -> ObjectKey { try #require(ObjectKey(name)) }

    private func write(_ key: ObjectKey, _ pieces: [UInt8]...) throws {
        let writer = try store.create(key)
        for piece in pieces { try writer.append(piece) }
        try writer.seal()
    }

    private func expect(
        _ code: ObjectStoreError.Code, _ key: ObjectKey,
        at location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        let error = #expect(throws: ObjectStoreError.self, sourceLocation: location) { try body() }
        #expect(error?.code == code, "\(error?.message ?? "")", sourceLocation: location)
        #expect(error?.key == key, sourceLocation: location)
    }

    /// Bytes that repeat late and tell where they are from.
    private func bytes(_ count: Int, from start: Int = 0) -> [UInt8] {
        (start..<start + count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
    }

    private func absentObjectsAreNamed() throws {
        let key = try key("nobody-put-this")
        expect(.notFound, key) { _ = try store.open(key) }
        expect(.notFound, key) { _ = try store.byteCount(of: key) }
        expect(.notFound, key) { try store.delete(key) }
        #expect(try store.list().isEmpty)
        #expect(try store.takeOver(key) == nil)
    }

    private func objectsAppearWhenSealed() throws {
        for size in [3, largeByteCount] {
            let key = try key("appears-\(size)")
            let content = bytes(size)
            let writer = try store.create(key)
            try writer.append(content)
            try writer.flush()
            #expect(try store.list().isEmpty)
            expect(.notFound, key) { _ = try store.open(key) }
            // Its writer is alive.
            #expect(try store.takeOver(key) == nil)
            try writer.seal()
            #expect(try store.list() == [key])
            #expect(try store.byteCount(of: key) == Int64(size))
            #expect(try store.open(key).read(size, at: 0) == content)
            try store.delete(key)
        }
    }

    private func emptyObjectsAreObjects() throws {
        let key = try key("empty")
        try write(key)
        let reader = try store.open(key)
        #expect(reader.byteCount == 0)
        #expect(try reader.read(0, at: 0).isEmpty)
        expect(.endOfObject, key) { _ = try reader.read(1, at: 0) }
        try store.delete(key)
    }

    private func rangesAreExact() throws {
        let key = try key("ranges")
        try write(key, bytes(1000))
        let reader = try store.open(key)
        for (count, offset) in [(1, 0), (1, 999), (1000, 0), (10, 500), (0, 1000), (0, 3)] {
            #expect(try reader.read(count, at: Int64(offset)) == bytes(count, from: offset))
        }
        for (count, offset) in [(1, 1000), (1001, 0), (2, 999), (1, 5000)] {
            expect(.endOfObject, key) { _ = try reader.read(count, at: Int64(offset)) }
        }
        try store.delete(key)
    }

    private func appendsComeBackInOrder() throws {
        let key = try key("pieces")
        let sizes = [1, 700_000, 0, largeByteCount, 10, 1 << 20, 5]
        let writer = try store.create(key)
        var count = 0
        for size in sizes {
            try writer.append(bytes(size, from: count))
            count += size
            #expect(writer.byteCount == Int64(count))
        }
        try writer.seal()
        #expect(try store.open(key).read(count, at: 0) == bytes(count))
        let middle = largeByteCount / 2
        #expect(
            try store.open(key).read(100_000, at: Int64(middle)) == bytes(100_000, from: middle))
        try store.delete(key)
    }

    private func keysAreGivenOnce() throws {
        let key = try key("once")
        let writer = try store.create(key)
        expect(.exists, key) { _ = try store.create(key) }
        try writer.append([1])
        try writer.seal()
        expect(.exists, key) { _ = try store.create(key) }
        #expect(try store.open(key).read(1, at: 0) == [1])
        try store.delete(key)
    }

    private func abandonedObjectsLeaveNothing() throws {
        for size in [3, largeByteCount] {
            let key = try key("abandoned")
            let writer = try store.create(key)
            try writer.append(bytes(size))
            try writer.flush()
            writer.abandon()
            writer.abandon()
            #expect(try store.list().isEmpty)
            #expect(try store.unfinished().isEmpty)
            expect(.notFound, key) { _ = try store.open(key) }
            // The name is free again.
            try write(key, [7])
            #expect(try store.open(key).read(1, at: 0) == [7])
            try store.delete(key)
        }
    }

    private func writersAreNotUsedAfterTheirEnd() throws {
        for isSealed in [true, false] {
            let key = try key("ended")
            let writer = try store.create(key)
            if isSealed { try writer.seal() } else { writer.abandon() }
            expect(.closed, key) { try writer.append([1]) }
            expect(.closed, key) { try writer.flush() }
            expect(.closed, key) { try writer.seal() }
            writer.abandon()
            #expect(try store.list() == (isSealed ? [key] : []))
            if isSealed { try store.delete(key) }
        }
    }

    private func deletedObjectsAreGone() throws {
        let key = try key("deleted")
        try write(key, [1])
        try store.delete(key)
        #expect(try store.list().isEmpty)
        expect(.notFound, key) { _ = try store.open(key) }
        expect(.notFound, key) { try store.delete(key) }
    }

    private func allObjectsAreListed() throws {
        let keys = try (0..<25).map { try key("listed-\($0).car.zst") }
        for key in keys { try write(key, Array(key.name.utf8)) }
        #expect(try store.list().sorted() == keys.sorted())
        for key in keys { try store.delete(key) }
        #expect(try store.list().isEmpty)
    }
}
