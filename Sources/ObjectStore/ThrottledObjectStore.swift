// SPDX-License-Identifier: Apache-2.0

public import FileIO

/// A store whose objects are read and written no faster than a rate allows.
///
/// For work beside which others are to get on; all stores that share a rate share its bytes.
public struct ThrottledObjectStore: ObjectStore {
    private let store: any ObjectStore
    private let rate: ByteRate

    /// What `store` holds, at `rate`.
    public init(_ store: any ObjectStore, rate: ByteRate) {
        self.store = store
        self.rate = rate
    }

    /// As ``ObjectStore/create(_:)``; appending is held up.
    public func create(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectWriter {
        ThrottledWriter(try store.create(key), rate)
    }

    /// As ``ObjectStore/open(_:)``; reading is held up.
    public func open(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectReader {
        ThrottledReader(try store.open(key), rate)
    }

    /// As ``ObjectStore/list()``.
    public func list() throws(ObjectStoreError) -> [ObjectKey] { try store.list() }

    /// As ``ObjectStore/delete(_:)``.
    public func delete(_ key: ObjectKey) throws(ObjectStoreError) { try store.delete(key) }

    /// As ``ObjectStore/unfinished()``.
    public func unfinished() throws(ObjectStoreError) -> [ObjectKey] { try store.unfinished() }

    /// As ``ObjectStore/takeOver(_:)``, not held up.
    public func takeOver(_ key: ObjectKey) throws(ObjectStoreError) -> (any UnfinishedObject)? {
        try store.takeOver(key)
    }
}

private final class ThrottledReader: ObjectReader {
    private let reader: any ObjectReader
    private let rate: ByteRate

    init(_ reader: any ObjectReader, _ rate: ByteRate) {
        self.reader = reader
        self.rate = rate
    }

    var byteCount: Int64 { reader.byteCount }

    func read(_ byteCount: Int, at offset: Int64) throws(ObjectStoreError) -> [UInt8] {
        rate.take(byteCount)
        return try reader.read(byteCount, at: offset)
    }
}

private final class ThrottledWriter: ObjectWriter {
    private let writer: any ObjectWriter
    private let rate: ByteRate

    init(_ writer: any ObjectWriter, _ rate: ByteRate) {
        self.writer = writer
        self.rate = rate
    }

    var byteCount: Int64 { writer.byteCount }

    func append(_ bytes: [UInt8]) throws(ObjectStoreError) {
        rate.take(bytes.count)
        try writer.append(bytes)
    }

    func flush() throws(ObjectStoreError) { try writer.flush() }

    func seal() throws(ObjectStoreError) { try writer.seal() }

    func abandon() { writer.abandon() }
}
