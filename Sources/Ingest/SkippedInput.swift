// SPDX-License-Identifier: Apache-2.0

public import FileIO

/// An input that is not in the result, and why (promise P9).
public struct SkippedInput: Hashable, Sendable {
    /// Why an input was left out.
    public enum Reason: Hashable, Sendable {
        /// It could not be opened or read.
        case unreadable(IOError)
        /// It changed while it was read, on every attempt.
        case changedWhileRead
        /// It was gone when its turn came.
        case vanished
        /// A symbolic link leads back to a directory above it.
        case symbolicLinkLoop
        /// Directories are nested deeper than ``Scanner/depthLimit``.
        case tooDeep
        /// Two entries of one directory have the same hash, or a name that no DAG can hold.
        case unusableName
        /// An archive names a root that neither it nor the store holds.
        case missingRoot
    }

    /// The path as given or found; bytes that are no UTF-8 are replaced.
    public let path: String
    /// Why.
    public let reason: Reason

    /// Makes a record of an input left out.
    public init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }
}

extension SkippedInput: CustomStringConvertible {
    /// "PATH: reason".
    public var description: String { "\(path): \(reason)" }
}

extension SkippedInput.Reason: CustomStringConvertible {
    /// The reason and, where there is one, the remedy.
    public var description: String {
        switch self {
        case .unreadable(let error): error.reason
        case .changedWhileRead: "changed while it was read; ingest it again when it is at rest"
        case .vanished: "vanished before it was read"
        case .symbolicLinkLoop: "symbolic link loop; leave out --dereference or exclude it"
        case .tooDeep: "more than \(Scanner.depthLimit) directories deep"
        case .unusableName: "no UnixFS directory can hold this name"
        case .missingRoot: "named as a root, but its block is neither in the archive nor stored"
        }
    }
}

extension SkippedInput {
    /// Sorts an I/O error into gone and unreadable.
    init(path: String, error: IOError) {
        self.init(path: path, reason: error.code == .notFound ? .vanished : .unreadable(error))
    }
}
