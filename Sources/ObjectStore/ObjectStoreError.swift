// SPDX-License-Identifier: Apache-2.0

import FileIO

/// Why a store of objects could not do what was asked.
public struct ObjectStoreError: Error, Sendable {
    /// What went wrong, as far as callers act on it.
    public enum Code: Hashable, Sendable {
        /// There is no such object.
        case notFound
        /// There is an object of that name already, sealed or being written.
        case exists
        /// The range asked for passes the object's end.
        case endOfObject
        /// The store is full. Retryable, with a new writer, once space is freed.
        case noSpace
        /// Access is refused, or the store is read-only.
        case denied
        /// The writer was sealed or abandoned before.
        case closed
        /// The device failed; what was not sealed before is in doubt.
        case device
        /// The store cannot be reached now: not mounted, no network, or too busy after all tries.
        /// Retryable later.
        case unavailable
        /// What the server answered does not agree with what was asked or sent, after all tries.
        case unverified
        /// Anything else; ``cause`` tells.
        case other
    }

    /// The kind of failure.
    public let code: Code
    /// The object concerned, or nil if it is the store.
    public let key: ObjectKey?
    /// What was tried, and why it failed, for people.
    public let message: String
    /// The error behind this one.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, key: ObjectKey?, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.key = key
        self.message = message
        self.cause = cause
    }
}

extension ObjectStoreError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}

extension ObjectStoreError {
    /// The error of a store in files.
    init(_ error: IOError, key: ObjectKey?) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .exists: .exists
            case .endOfFile: .endOfObject
            case .noSpace: .noSpace
            case .permissionDenied, .readOnly: .denied
            case .device: .device
            default: .other
            }
        let remedy = error.code == .permissionDenied ? "; check its owner and permissions" : ""
        self.init(code, key: key, message: error.description + remedy, cause: error)
    }
}
