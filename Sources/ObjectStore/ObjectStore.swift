// SPDX-License-Identifier: Apache-2.0

/// Immutable objects under plain names: a directory, or a bucket.
///
/// An object appears whole and durable when its writer is sealed, and is never changed after.
/// Every call may block, here and in the readers and writers a store gives out; none is made on
/// the cooperative pool.
public protocol ObjectStore: Sendable {
    /// Begins the object `key`, which nobody sees until its writer is sealed.
    ///
    /// - Throws: ``ObjectStoreError`` with `exists` if `key` is sealed or being written.
    func create(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectWriter

    /// Opens a sealed object; it stays readable even if it is deleted meanwhile, where the store
    /// can do that.
    ///
    /// - Throws: ``ObjectStoreError`` with `notFound` if there is none.
    func open(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectReader

    /// The sealed objects, in no particular order.
    ///
    /// - Throws: ``ObjectStoreError``.
    func list() throws(ObjectStoreError) -> [ObjectKey]

    /// Removes a sealed object, durably.
    ///
    /// - Throws: ``ObjectStoreError`` with `notFound` if there is none.
    func delete(_ key: ObjectKey) throws(ObjectStoreError)

    /// The objects that were begun and neither sealed nor abandoned, by writers alive or dead.
    ///
    /// Empty for a store that keeps nothing of an object before it is sealed.
    /// - Throws: ``ObjectStoreError``.
    func unfinished() throws(ObjectStoreError) -> [ObjectKey]

    /// Takes over an object whose writer died.
    ///
    /// - Returns: nil if its writer is alive, or if it is no longer unfinished.
    /// - Throws: ``ObjectStoreError``.
    func takeOver(_ key: ObjectKey) throws(ObjectStoreError) -> (any UnfinishedObject)?

    /// Removes what a dead writer left of an object that nobody is to complete.
    ///
    /// Where a store cannot tell whether a writer lives in another process, the caller knows that
    /// none does.
    /// - Returns: false if its writer is alive, or if it is no longer unfinished.
    /// - Throws: ``ObjectStoreError``.
    func discardUnfinished(_ key: ObjectKey) throws(ObjectStoreError) -> Bool

    /// The least bytes that are worth a read of their own; 0 where small reads are cheap.
    ///
    /// Where each read is a request over a network, whoever reads small records reads so many
    /// bytes at once and keeps them.
    var readGranularity: Int { get }
}

extension ObjectStore {
    /// Small reads are cheap.
    public var readGranularity: Int { 0 }

    /// Takes it over and gives it up.
    public func discardUnfinished(_ key: ObjectKey) throws(ObjectStoreError) -> Bool {
        guard let part = try takeOver(key) else { return false }
        part.abandon()
        return true
    }

    /// The size of a sealed object in bytes.
    ///
    /// - Throws: ``ObjectStoreError`` with `notFound` if there is none.
    public func byteCount(of key: ObjectKey) throws(ObjectStoreError) -> Int64 {
        try open(key).byteCount
    }
}

/// A sealed object, open for reading from any thread.
public protocol ObjectReader: AnyObject, Sendable {
    /// The object's size in bytes.
    var byteCount: Int64 { get }

    /// Reads exactly `byteCount` bytes from `offset`; the caller has checked `byteCount` against
    /// a limit.
    ///
    /// - Throws: ``ObjectStoreError`` with `endOfObject` if the range passes the object's end.
    func read(_ byteCount: Int, at offset: Int64) throws(ObjectStoreError) -> [UInt8]
}

/// An object being written, by one thread at a time.
///
/// A writer that failed once refuses every later call with its first error. A writer that goes
/// away neither sealed nor abandoned leaves what it wrote to ``ObjectStore/takeOver(_:)``.
public protocol ObjectWriter: AnyObject, Sendable {
    /// How many bytes were appended.
    var byteCount: Int64 { get }

    /// Appends `bytes`, which may wait in a buffer.
    ///
    /// - Throws: ``ObjectStoreError``.
    func append(_ bytes: [UInt8]) throws(ObjectStoreError)

    /// Hands all buffered bytes to the system, which does not make them durable.
    ///
    /// - Throws: ``ObjectStoreError``.
    func flush() throws(ObjectStoreError)

    /// Makes the object durable and then visible under its key, durably.
    ///
    /// - Throws: ``ObjectStoreError``; the object is then not visible, or not yet durably so.
    func seal() throws(ObjectStoreError)

    /// Gives the object up and removes what was written, as far as that is possible.
    func abandon()
}

/// What a dead writer left, taken over to be completed, sealed or abandoned.
public protocol UnfinishedObject: ObjectWriter, ObjectReader {
    /// How many bytes there are: found, or since appended.
    var byteCount: Int64 { get }

    /// Cuts off everything behind the first `byteCount` bytes, which is where appending goes on.
    ///
    /// - Throws: ``ObjectStoreError``.
    func truncate(to byteCount: Int64) throws(ObjectStoreError)
}
