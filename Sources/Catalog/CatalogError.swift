// SPDX-License-Identifier: Apache-2.0

/// Why a catalog could not do what was asked.
public struct CatalogError: Error, Sendable {
    /// What kind of failure it is.
    public var code: Code
    /// What happened and what to do about it, in the user's words.
    public var message: String
    /// Where the catalog lies, if it lies in a file.
    public var path: String?
    /// What the layer below said.
    public var cause: (any Error)?

    init(_ code: Code, _ message: String, path: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.cause = cause
    }
}

extension CatalogError {
    /// The kinds of failure.
    public struct Code: Hashable, Sendable {
        private enum Kind {
            case corrupt, newerSchema, busy, diskFull, inputOutput, cannotOpen
            case packMissing, packDoomed, notCondemned, sessionEnded, rebuilding
            case ambiguous, invalid, conflict, other
        }

        private let kind: Kind

        /// The file is no catalog or is damaged.
        ///
        /// Not retryable; `cairn reindex` makes a new one.
        public static let corrupt = Code(kind: .corrupt)
        /// A newer release wrote the catalog.
        ///
        /// Not retryable.
        public static let newerSchema = Code(kind: .newerSchema)
        /// Another process held the writer lock longer than the busy timeout.
        ///
        /// Retryable.
        public static let busy = Code(kind: .busy)
        /// The disk or the quota is full.
        ///
        /// Retryable once there is room.
        public static let diskFull = Code(kind: .diskFull)
        /// The disk failed to read or write.
        ///
        /// Retryable, with little hope.
        public static let inputOutput = Code(kind: .inputOutput)
        /// The file or its directory cannot be opened.
        ///
        /// Not retryable.
        public static let cannotOpen = Code(kind: .cannotOpen)
        /// A pack that the call names is not, or no longer, in the catalog.
        ///
        /// Not retryable.
        public static let packMissing = Code(kind: .packMissing)
        /// The file of a pack that is being committed is about to be deleted.
        ///
        /// Not retryable.
        public static let packDoomed = Code(kind: .packDoomed)
        /// Blocks that were to go are not condemned, or no longer.
        ///
        /// Not retryable; a new collection is needed.
        public static let notCondemned = Code(kind: .notCondemned)
        /// The session in which a call was made has ended, or was taken for dead.
        ///
        /// Not retryable; the run must begin anew.
        public static let sessionEnded = Code(kind: .sessionEnded)
        /// The catalog is being rebuilt, so it may miss what keeps blocks alive.
        ///
        /// Retryable once `cairn reindex` has ended.
        public static let rebuilding = Code(kind: .rebuilding)
        /// A prefix fits several snapshots.
        ///
        /// Not retryable.
        public static let ambiguous = Code(kind: .ambiguous)
        /// An argument is outside its documented range.
        ///
        /// Not retryable.
        public static let invalid = Code(kind: .invalid)
        /// Somebody else has changed the same at the same time.
        ///
        /// Retryable, from what there is now.
        public static let conflict = Code(kind: .conflict)
        /// Anything else that the database reports.
        ///
        /// Not retryable.
        public static let other = Code(kind: .other)
    }
}

extension CatalogError.Code: CustomStringConvertible {
    /// The code's own name.
    public var description: String { "\(kind)" }
}

extension CatalogError: CustomStringConvertible {
    /// The path, if any, and the message.
    public var description: String {
        guard let path else { return message }
        return "\(path): \(message)"
    }
}
