// SPDX-License-Identifier: Apache-2.0

/// What has become of an object that is being written: every writer of a store keeps one, behind its
/// lock.
///
/// Every state but `open` is final, but that a failed object can still be abandoned.
package enum WriterPhase: Sendable {
    case open
    case sealed
    case abandoned
    case failed(ObjectStoreError)

    /// Expects that the object may still be written to.
    ///
    /// - Throws: ``ObjectStoreError`` with `closed`; after a failure, that.
    package func requireOpen(_ key: ObjectKey) throws(ObjectStoreError) {
        switch self {
        case .open: break
        case .failed(let error): throw error
        case .sealed, .abandoned:
            throw ObjectStoreError(.closed, key: key, message: "\(key): written to after its end")
        }
    }

    /// Keeps the first failure for all later calls, and returns it.
    package mutating func fail(_ error: ObjectStoreError) -> ObjectStoreError {
        self = .failed(error)
        return error
    }

    /// Gives the object up.
    ///
    /// - Returns: whether there may be something to remove.
    package mutating func abandon() -> Bool {
        switch self {
        case .open, .failed:
            self = .abandoned
            return true
        case .sealed, .abandoned: return false
        }
    }
}
