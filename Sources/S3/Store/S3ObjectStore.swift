// SPDX-License-Identifier: Apache-2.0

public import ObjectStore
import Synchronization

/// Objects in a bucket of an S3-compatible server, `KEY` as `PREFIX/KEY`.
///
/// What is not sealed is in memory and in an upload in parts, which nobody can read or go on with: so
/// nothing is taken over from dead writers, and their uploads are removed when they are old.
///
/// Nothing rests on conditional requests, which servers do differently. Two processes that write the
/// same key at a time each store a whole object, and the one that seals last stays; keys that are
/// never reused, such as those of packs, rule that out.
public final class S3ObjectStore: ObjectStore {
    private struct State {
        /// The keys being written here.
        var open: Set<ObjectKey> = []
        var hasLookedForStaleUploads = false
    }

    /// The options it was made with.
    public let options: S3Options

    private let client: S3Client
    private let state = Mutex(State())

    /// A store over `options`; reads the credentials, but connects to nobody yet.
    ///
    /// - Parameter environment: the variables of the process.
    /// - Throws: ``S3OptionsError`` if the credentials or certificates cannot be read.
    public init(_ options: S3Options, environment: [String: String]) throws(S3OptionsError) {
        client = try S3Client(options, environment: environment)
        self.options = options
    }

    /// Reads of fewer bytes take as long as reads of this many: most of it is the way there and back.
    public var readGranularity: Int { 256 << 10 }

    /// Begins an object in memory; see ``ObjectStore/create(_:)``.
    ///
    /// The first call removes old uploads, too.
    public func create(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectWriter {
        let isFirst = state.withLock { state in
            defer { state.hasLookedForStaleUploads = true }
            return !state.hasLookedForStaleUploads
        }
        if isFirst {
            // A key that may only write can still write; the next process tries again.
            _ = try? abortStaleUploads()
        }
        guard state.withLock({ $0.open.insert(key).inserted }) else {
            throw ObjectStoreError(
                .exists, key: key, message: "\(key) is being written by this process")
        }
        do throws(ObjectStoreError) {
            if try client.exists(key) {
                throw ObjectStoreError(
                    .exists, key: key,
                    message: "s3://\(options.bucket)/\(options.prefix)\(key) exists")
            }
        } catch {
            release(key)
            throw error
        }
        return S3ObjectWriter(key, client) { [weak self] in self?.release(key) }
    }

    private func release(_ key: ObjectKey) { _ = state.withLock { $0.open.remove(key) } }

    /// Asks for the object's size and tag.
    ///
    /// It is not readable any more once it is deleted.
    public func open(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectReader {
        S3ObjectReader(key, try client.head(key), client)
    }

    /// The objects directly under the prefix whose names are keys.
    ///
    /// - Complexity: a request for each 1000 objects.
    public func list() throws(ObjectStoreError) -> [ObjectKey] { try client.list() }

    /// Removes an object; in a bucket with versions, hides it behind a delete marker.
    public func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        // S3 itself is content if there is no such object.
        _ = try client.head(key)
        try client.delete(key)
    }

    /// The keys of uploads in parts that have begun and not ended, by any process.
    public func unfinished() throws(ObjectStoreError) -> [ObjectKey] {
        Array(Set(try client.unfinishedUploads().map(\.key)))
    }

    /// Nil: parts of an upload cannot be read back.
    public func takeOver(_ key: ObjectKey) throws(ObjectStoreError) -> (any UnfinishedObject)? {
        nil
    }

    /// Removes the uploads in parts of `key`, unless this process is writing it.
    ///
    /// Whether another process is, no server can tell.
    public func discardUnfinished(_ key: ObjectKey) throws(ObjectStoreError) -> Bool {
        if state.withLock({ $0.open.contains(key) }) { return false }
        let uploads = try client.unfinishedUploads().filter { $0.key == key }
        for upload in uploads { try client.abortUpload(upload.id, of: key) }
        return !uploads.isEmpty
    }

    /// Removes the uploads that began longer ago than the options say, by the server's clock.
    ///
    /// - Returns: how many were removed.
    /// - Throws: ``ObjectStoreError``.
    @discardableResult
    public func abortStaleUploads() throws(ObjectStoreError) -> Int {
        let age = options.transfer.staleUploadAge.components.seconds
        var count = 0
        for upload in try client.unfinishedUploads()
        where upload.began.seconds < client.now.seconds - age {
            try client.abortUpload(upload.id, of: upload.key)
            count += 1
        }
        return count
    }
}
