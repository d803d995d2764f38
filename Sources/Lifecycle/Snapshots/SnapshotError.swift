// SPDX-License-Identifier: Apache-2.0

/// Why something could not be done with snapshots or pins.
public struct SnapshotError: Error, CustomStringConvertible, Sendable {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// Text that names no snapshot, path, pin or time.
        case badReference
        /// There is no such snapshot.
        case noSnapshot
        /// The path does not lead anywhere.
        case noPath
        /// What was asked for would remove more than anybody can want.
        case removesAll
        /// Blocks are missing.
        case missingBlocks
        /// There is no such pin, or it is another one.
        case noPin
    }

    /// The kind of failure.
    public let code: Code
    /// What is wrong, and what to do about it.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
