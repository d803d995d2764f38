// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import Synchronization

/// A store in memory whose writers fail at one planned step, and that records every step.
final class FaultyObjectStore: ObjectStore {
    enum Step: Hashable { case create, append(Int), flush, seal }

    let steps = Mutex<[Step]>([])
    let fault: Step?
    let code: ObjectStoreError.Code

    init(fault: Step? = nil, _ code: ObjectStoreError.Code = .other) {
        self.fault = fault
        self.code = code
    }

    /// Whether the planned fault came to pass.
    var hasFailed: Bool {
        steps.withLock { steps in fault.map { steps.contains($0) } ?? false }
    }

    func step(_ step: Step) throws(ObjectStoreError) {
        steps.withLock { $0.append(step) }
        if step == fault { throw ObjectStoreError(code, key: nil, message: "planned") }
    }

    func create(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectWriter {
        try step(.create)
        return Writer(self)
    }

    func open(_ key: ObjectKey) throws(ObjectStoreError) -> any ObjectReader {
        throw ObjectStoreError(.notFound, key: key, message: "nothing is kept")
    }

    func list() -> [ObjectKey] { [] }
    func delete(_ key: ObjectKey) {}
    func unfinished() -> [ObjectKey] { [] }
    func takeOver(_ key: ObjectKey) -> (any UnfinishedObject)? { nil }

    private final class Writer: ObjectWriter {
        private let store: FaultyObjectStore
        private let counts = Mutex((appends: 0, bytes: Int64(0)))

        init(_ store: FaultyObjectStore) { self.store = store }

        var byteCount: Int64 { counts.withLock { $0.bytes } }

        func append(_ bytes: [UInt8]) throws(ObjectStoreError) {
            let index = counts.withLock { counts in
                counts.appends += 1
                counts.bytes += Int64(bytes.count)
                return counts.appends - 1
            }
            try store.step(.append(index))
        }

        func flush() throws(ObjectStoreError) { try store.step(.flush) }
        func seal() throws(ObjectStoreError) { try store.step(.seal) }
        func abandon() {}
    }
}
