// SPDX-License-Identifier: Apache-2.0

public import FileIO

/// A store that tells of each read and write of an object before it is done, and so can hold it up.
public struct MeteredObjectStore: ObjectStore {
    /// Hears of a number of bytes; may block.
    public typealias Meter = @Sendable (_ byteCount: Int) -> Void

    private let store: any ObjectStore
    private let onRead: Meter
    private let onWrite: Meter

    /// As ``ObjectStore/readGranularity``; of what it stands before unless said otherwise.
    public let readGranularity: Int

    /// What `store` holds.
    public init(
        _ store: any ObjectStore, readGranularity: Int? = nil, onRead: @escaping Meter = { _ in },
        onWrite: @escaping Meter = { _ in }
    ) {
        self.store = store
        self.readGranularity = readGranularity ?? store.readGranularity
        self.onRead = onRead
        self.onWrite = onWrite
    }

    /// What `store` holds, read and written no faster than a rate allows.
    ///
    /// For work beside which others are to get on; all stores that share a rate share its bytes.
    public init(_ store: any ObjectStore, rate: ByteRate) {
        self.init(store, onRead: { rate.take($0) }, onWrite: { rate.take($0) })
    }

    /// As ``ObjectStore/create(_:)``; appending is told.
    public func create(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectWriter {
        MeteredWriter(try store.create(key), onWrite)
    }

    /// As ``ObjectStore/open(_:)``; reading is told.
    public func open(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectReader {
        MeteredReader(try store.open(key), onRead)
    }

    /// As ``ObjectStore/list()``.
    public func list() throws(ObjectStoreError) -> [ObjectKey] { try store.list() }

    /// As ``ObjectStore/delete(_:)``.
    public func delete(_ key: ObjectKey) throws(ObjectStoreError) { try store.delete(key) }

    /// As ``ObjectStore/unfinished()``.
    public func unfinished() throws(ObjectStoreError) -> [ObjectKey] { try store.unfinished() }

    /// As ``ObjectStore/takeOver(_:)``; what is done with it is not told.
    public func takeOver(_ key: ObjectKey) throws(ObjectStoreError) -> (any UnfinishedObject)? {
        try store.takeOver(key)
    }

    /// As ``ObjectStore/discardUnfinished(_:)``.
    public func discardUnfinished(_ key: ObjectKey) throws(ObjectStoreError) -> Bool {
        try store.discardUnfinished(key)
    }
}

private final class MeteredReader: ObjectReader {
    private let reader: any ObjectReader
    private let meter: MeteredObjectStore.Meter

    init(_ reader: any ObjectReader, _ meter: @escaping MeteredObjectStore.Meter) {
        self.reader = reader
        self.meter = meter
    }

    var byteCount: Int64 { reader.byteCount }

    func read(_ byteCount: Int, at offset: Int64) throws(ObjectStoreError) -> [UInt8] {
        meter(byteCount)
        return try reader.read(byteCount, at: offset)
    }
}

private final class MeteredWriter: ObjectWriter {
    private let writer: any ObjectWriter
    private let meter: MeteredObjectStore.Meter

    init(_ writer: any ObjectWriter, _ meter: @escaping MeteredObjectStore.Meter) {
        self.writer = writer
        self.meter = meter
    }

    var byteCount: Int64 { writer.byteCount }

    func append(_ bytes: [UInt8]) throws(ObjectStoreError) {
        meter(bytes.count)
        try writer.append(bytes)
    }

    func flush() throws(ObjectStoreError) { try writer.flush() }

    func seal() throws(ObjectStoreError) { try writer.seal() }

    func abandon() { writer.abandon() }
}
