// SPDX-License-Identifier: Apache-2.0

import FileIO
import ObjectStore
import Testing

@Suite struct DirectoryObjectStoreTests {
    private let directory: TemporaryDirectory
    private let store: DirectoryObjectStore
    private let key: ObjectKey

    init() throws {
        directory = try TemporaryDirectory()
        store = try DirectoryObjectStore(path: directory.path + "/packs/hot")
        key = try #require(ObjectKey("object"))
    }

    private var names: [String] {
        get throws { try directory.names(in: "packs/hot") }
    }

    @Test func `an object is there when its writer is sealed, not before`() throws {
        let writer = try store.create(key)
        try writer.append([1, 2, 3])
        try writer.flush()
        #expect(try names == ["object.part"])
        #expect(try store.list().isEmpty)
        let error = #expect(throws: ObjectStoreError.self) { try store.open(key) }
        #expect(error?.code == .notFound)
        try writer.seal()
        #expect(try names == ["object"])
        #expect(try store.list() == [key])
        #expect(try store.byteCount(of: key) == 3)
        #expect(try store.open(key).read(2, at: 1) == [2, 3])
    }

    @Test(arguments: [[1], [700_000, 700_000], [3 << 20, 10, 1 << 20, 5], [20 << 20]])
    func `appends of any size come back in order`(_ sizes: [Int]) throws {
        let writer = try store.create(key)
        var expected: [UInt8] = []
        for (index, size) in sizes.enumerated() {
            let bytes = [UInt8](repeating: UInt8(index + 1), count: size)
            try writer.append(bytes)
            expected += bytes
            #expect(writer.byteCount == Int64(expected.count))
        }
        try writer.seal()
        #expect(try store.open(key).read(expected.count, at: 0) == expected)
    }

    @Test func `a range past the end is an error`() throws {
        let writer = try store.create(key)
        try writer.append([1, 2, 3])
        try writer.seal()
        let reader = try store.open(key)
        for (count, offset) in [(1, 3), (4, 0), (2, 2)] {
            let error = #expect(throws: ObjectStoreError.self) {
                try reader.read(count, at: Int64(offset))
            }
            #expect(error?.code == .endOfObject, "\(count) at \(offset)")
        }
    }

    @Test func `a key is given once`() throws {
        let writer = try store.create(key)
        try writer.append([1])
        try writer.seal()
        let error = #expect(throws: ObjectStoreError.self) { try store.create(key) }
        #expect(error?.code == .exists)
    }

    @Test func `a key that is being written cannot be begun again`() throws {
        let writer = try store.create(key)
        let error = #expect(throws: ObjectStoreError.self) { try store.create(key) }
        #expect(error?.code == .exists)
        writer.abandon()
        #expect(try names.isEmpty)
    }

    @Test func `a writer is not used after its end`() throws {
        let writer = try store.create(key)
        try writer.seal()
        for step in [{ try writer.append([1]) }, { try writer.flush() }, { try writer.seal() }] {
            let error = #expect(throws: ObjectStoreError.self) { try step() }
            #expect(error?.code == .closed)
        }
        writer.abandon()
        #expect(try store.list() == [key])
    }

    @Test func `a writer that failed refuses all later calls with its first error`() throws {
        let writer = try store.create(key)
        try writer.append([1])
        try directory.remove("packs/hot/object.part")
        let first = #expect(throws: ObjectStoreError.self) { try writer.seal() }
        #expect(first?.code == .notFound)
        for step in [{ try writer.append([1]) }, { try writer.flush() }, { try writer.seal() }] {
            let error = #expect(throws: ObjectStoreError.self) { try step() }
            #expect(error?.message == first?.message)
        }
        #expect(try store.list().isEmpty)
    }

    @Test func `an object of a dead writer is taken over by one`() throws {
        func writeAndDie() throws {
            let writer = try store.create(key)
            try writer.append([1, 2, 3])
            try writer.flush()
            #expect(try store.takeOver(key) == nil)
        }
        try writeAndDie()
        #expect(try store.unfinished() == [key])
        let part = try #require(try store.takeOver(key))
        #expect(try store.takeOver(key) == nil)
        #expect(part.byteCount == 3)
        try part.truncate(to: 1)
        try part.append([9])
        #expect(try part.read(2, at: 0) == [1, 9])
        try part.seal()
        #expect(try store.open(key).read(2, at: 0) == [1, 9])
        #expect(try store.takeOver(key) == nil)
    }

    @Test func `a deleted object is gone, and readable to whoever has it open`() throws {
        let writer = try store.create(key)
        try writer.append([1])
        try writer.seal()
        let reader = try store.open(key)
        try store.delete(key)
        #expect(try store.list().isEmpty)
        #expect(try reader.read(1, at: 0) == [1])
        let error = #expect(throws: ObjectStoreError.self) { try store.delete(key) }
        #expect(error?.code == .notFound)
    }

    @Test(arguments: [
        "", ".", "..", ".hidden", "a/b", "a b", "ä", String(repeating: "a", count: 201),
    ])
    func `a name that is no plain file name is no key`(_ name: String) {
        #expect(ObjectKey(name) == nil)
    }
}
