// SPDX-License-Identifier: Apache-2.0

import FileIO

/// Objects as files of one directory.
///
/// `KEY` is a sealed object. `KEY.part` is being written, under an exclusive lock that the kernel
/// drops when the writing process ends: so a part without a lock has no owner.
public final class DirectoryObjectStore: ObjectStore {
    /// The ending of files that are not sealed.
    static let partSuffix = ".part"

    private let directory: Directory

    /// Opens the directory at `path`, making it and those above it if they are missing.
    ///
    /// - Throws: ``ObjectStoreError``.
    public init(path: String) throws(ObjectStoreError) {
        do { directory = try Directory(creating: path) } catch {
            throw ObjectStoreError(error, key: nil)
        }
    }

    /// Opens the directory at `path`, which must exist.
    ///
    /// - Throws: ``ObjectStoreError`` with `notFound` if it does not.
    public init(existing path: String) throws(ObjectStoreError) {
        do { directory = try Directory(path) } catch { throw ObjectStoreError(error, key: nil) }
    }

    /// Begins `KEY.part`, locked; see ``ObjectStore/create(_:)``.
    public func create(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectWriter {
        do throws(IOError) {
            if try directory.exists(key.fileName) {
                throw IOError(.exists, "create", path: directory.entryPath(key.fileName))
            }
            // Whoever looks for ownerless parts may lock the new file first, find it empty and
            // remove it. Then this file is not the one of that name any more: make another.
            for _ in 0..<16 {
                var file = try directory.createFile(key.partFileName)
                try file.lock()
                if try directory.names(file, key.partFileName) {
                    return DirectoryObjectWriter(file, key: key, in: directory, byteCount: 0)
                }
            }
            throw IOError(.locked, "create", path: directory.entryPath(key.partFileName))
        } catch {
            throw ObjectStoreError(error, key: key)
        }
    }

    /// Opens the file `KEY`; it stays readable when it is deleted.
    public func open(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectReader {
        do throws(IOError) {
            let file = try directory.openFile(key.fileName)
            let byteCount = try file.status().byteCount
            return DirectoryObjectReader(file, byteCount: byteCount, key: key)
        } catch {
            throw ObjectStoreError(error, key: key)
        }
    }

    /// The files whose names are keys and that are no parts.
    public func list() throws(ObjectStoreError) -> [ObjectKey] {
        try names().filter { !$0.hasSuffix(Self.partSuffix) }.compactMap { ObjectKey($0) }
    }

    /// Removes the file `KEY` and makes that durable.
    public func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        do throws(IOError) {
            try directory.remove(key.fileName)
            try directory.synchronize()
        } catch {
            throw ObjectStoreError(error, key: key)
        }
    }

    /// The keys of all parts, owned or not.
    public func unfinished() throws(ObjectStoreError) -> [ObjectKey] {
        try names().filter { $0.hasSuffix(Self.partSuffix) }
            .compactMap { ObjectKey(String($0.dropLast(Self.partSuffix.utf8.count))) }
    }

    /// Locks `KEY.part`; nil if it is locked or gone.
    public func takeOver(_ key: ObjectKey) throws(ObjectStoreError) -> (any UnfinishedObject)? {
        do throws(IOError) {
            var file: File
            do throws(IOError) { file = try directory.openFileForUpdate(key.partFileName) } catch {
                if error.code == .notFound { return nil }
                throw error
            }
            // Between opening and locking, another may have sealed or removed it.
            guard try file.tryLock(), try directory.names(file, key.partFileName) else {
                return nil
            }
            let byteCount = try file.status().byteCount
            try file.seek(to: byteCount)
            return DirectoryObjectWriter(file, key: key, in: directory, byteCount: byteCount)
        } catch {
            throw ObjectStoreError(error, key: key)
        }
    }

    private func names() throws(ObjectStoreError) -> [String] {
        do throws(IOError) {
            var stream = try DirectoryStream(directory)
            var names: [String] = []
            while let entry = try stream.next() {
                names.append(String(decoding: entry.name, as: UTF8.self))
            }
            return names
        } catch {
            throw ObjectStoreError(error, key: nil)
        }
    }
}

/// A sealed object as an open file.
final class DirectoryObjectReader: ObjectReader {
    let byteCount: Int64
    private let file: File
    private let key: ObjectKey

    init(_ file: consuming File, byteCount: Int64, key: ObjectKey) {
        self.file = file
        self.byteCount = byteCount
        self.key = key
    }

    func read(_ byteCount: Int, at offset: Int64) throws(ObjectStoreError) -> [UInt8] {
        do { return try file.readExactly(byteCount, at: offset) } catch {
            throw ObjectStoreError(error, key: key)
        }
    }
}

extension ObjectKey {
    /// The name of the sealed file.
    var fileName: [UInt8] { Array(name.utf8) }
    /// The name of the file while it is written.
    var partFileName: [UInt8] { Array((name + DirectoryObjectStore.partSuffix).utf8) }
}
