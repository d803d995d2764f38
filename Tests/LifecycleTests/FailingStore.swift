// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import Synchronization

/// A store that fails, or lies, where a test plans it.
final class FailingStore: ObjectStore {
    enum Fault: Sendable {
        case none
        /// Appends fail from this one on, counted from 0.
        case append(Int, ObjectStoreError.Code)
        case seal(ObjectStoreError.Code)
        case delete(ObjectStoreError.Code)
        case open(ObjectStoreError.Code)
        /// A bit of each pack is another one when it is written.
        case lie
    }

    private let base: any ObjectStore
    private let fault: Mutex<(fault: Fault, hits: Int)>

    init(_ base: any ObjectStore, _ fault: Fault) {
        self.base = base
        self.fault = Mutex((fault, 0))
    }

    /// How often the planned fault came to pass.
    var hitCount: Int { fault.withLock { $0.hits } }

    /// Changes what is planned.
    func set(_ new: Fault) { fault.withLock { $0.fault = new } }

    private func hit(_ code: ObjectStoreError.Code) -> ObjectStoreError {
        fault.withLock { $0.hits += 1 }
        return ObjectStoreError(code, key: nil, message: "planned")
    }

    func create(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectWriter {
        let writer = try base.create(key)
        return key.name.hasSuffix(".car.zst") ? Writer(writer, self) : writer
    }

    func open(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectReader {
        if case .open(let code) = fault.withLock({ $0.fault }) { throw hit(code) }
        return try base.open(key)
    }

    func list() throws(ObjectStoreError) -> [ObjectKey] { try base.list() }

    func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        if case .delete(let code) = fault.withLock({ $0.fault }) { throw hit(code) }
        try base.delete(key)
    }

    func unfinished() throws(ObjectStoreError) -> [ObjectKey] { try base.unfinished() }

    func takeOver(_ key: ObjectKey) throws(ObjectStoreError) -> (any UnfinishedObject)? {
        try base.takeOver(key)
    }

    private final class Writer: ObjectWriter {
        private let base: any ObjectWriter
        private let store: FailingStore
        private let count = Mutex(0)

        init(_ base: any ObjectWriter, _ store: FailingStore) {
            self.base = base
            self.store = store
        }

        var byteCount: Int64 { base.byteCount }

        func append(_ bytes: [UInt8]) throws(ObjectStoreError) {
            let index = count.withLock { count in
                defer { count += 1 }
                return count
            }
            var bytes = bytes
            switch store.fault.withLock({ $0.fault }) {
            case .append(let first, let code) where index >= first: throw store.hit(code)
            case .lie where bytes.count > 1000:
                bytes[bytes.count / 2] ^= 4
                _ = store.hit(.other)
            default: break
            }
            try base.append(bytes)
        }

        func flush() throws(ObjectStoreError) { try base.flush() }

        func seal() throws(ObjectStoreError) {
            if case .seal(let code) = store.fault.withLock({ $0.fault }) { throw store.hit(code) }
            try base.seal()
        }

        func abandon() { base.abandon() }
    }
}
