// SPDX-License-Identifier: Apache-2.0

/// Why an ingest cannot go on; single inputs that fail are ``SkippedInput`` instead.
public struct IngestError: Error, CustomStringConvertible, Sendable {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// The sources do not fit together, or an option does not fit them.
        case usage
        /// A source itself cannot be read.
        case source
        /// A directory is too large for one block, and sharding is off.
        case directoryTooLarge
        /// An archive is damaged; the message names the block.
        case badArchive
        /// The stat cache named blocks that are not stored, or blocks were removed meanwhile.
        ///
        /// The cache is dropped, so running again helps.
        case staleCache
        /// A file is not what the stat cache said of it; the cache is dropped.
        case wrongCache
        /// A temporary file could not be written.
        case temporaryFile
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, on which path, and what to do about it.
    public let message: String
    /// The error behind it.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message.
    public var description: String { message }
}
