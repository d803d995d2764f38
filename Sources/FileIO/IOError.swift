// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A failed system call: what was tried, on which path, and why.
///
/// The only place where `errno` becomes an error.
public struct IOError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, as far as callers act on it.
    public enum Code: Hashable, Sendable {
        /// No such entry. Retrying helps only if somebody creates it.
        case notFound
        /// The entry exists already.
        case exists
        /// Permission denied.
        case permissionDenied
        /// The file system is full, or a quota is reached. Retryable once space is freed.
        case noSpace
        /// Too many open files.
        case tooManyOpenFiles
        /// A symbolic link where none may be, or a loop of them.
        case symbolicLink
        /// Something else than a directory where a directory is needed.
        case notADirectory
        /// A directory where something else is needed.
        case isADirectory
        /// The file system is mounted read-only.
        case readOnly
        /// The lock is held by somebody else. Retryable.
        case locked
        /// The file ended before the bytes asked for.
        case endOfFile
        /// The device failed (`EIO` and relatives).
        case device
        /// Any other `errno`.
        case other
    }

    /// The kind of failure.
    public let code: Code
    /// The system call or step that failed, such as "open".
    public let operation: String
    /// The path concerned, as text; bytes that are no UTF-8 are replaced.
    public let path: String
    /// The value of `errno`, 0 where no system call failed.
    public let errorNumber: Int32

    /// Makes an error that no `errno` stands behind.
    public init(_ code: Code, _ operation: String, path: String) {
        self.code = code
        self.operation = operation
        self.path = path
        self.errorNumber = 0
    }

    /// Makes the error for the `errno` of the system call that just failed.
    public init(errno number: Int32, _ operation: String, path: String) {
        self.operation = operation
        self.path = path
        self.errorNumber = number
        self.code =
            switch number {
            case ENOENT: .notFound
            case EEXIST, ENOTEMPTY: .exists
            case EACCES, EPERM: .permissionDenied
            case ENOSPC, EDQUOT: .noSpace
            case EMFILE, ENFILE: .tooManyOpenFiles
            case ELOOP: .symbolicLink
            case ENOTDIR: .notADirectory
            case EISDIR: .isADirectory
            case EROFS: .readOnly
            case EWOULDBLOCK: .locked
            case EIO, ENXIO, ENODEV: .device
            default: .other
            }
    }

    /// "open PATH: No such file or directory".
    public var description: String { "\(operation) \(path): \(reason)" }

    /// The reason alone: "No such file or directory".
    public var reason: String {
        switch (code, errorNumber) {
        case (.endOfFile, _): return "unexpected end of file"
        case (.locked, _): return "in use by another process"
        case (_, 0): return "\(code)"
        default: break
        }
        return unsafe String(cString: strerror(errorNumber))
    }
}

/// Runs a system call again as long as it is interrupted, and throws its `errno` if it fails.
@discardableResult
func systemCall<Result: FixedWidthInteger & SignedInteger>(
    _ operation: @autoclosure () -> String, path: @autoclosure () -> String,
    _ body: () -> Result
) throws(IOError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        if errno != EINTR { throw IOError(errno: errno, operation(), path: path()) }
    }
}
