// SPDX-License-Identifier: Apache-2.0

/// The name of a protocol spoken on a stream, such as `/ipfs/kad/1.0.0`.
///
/// Compared byte by byte; a version is part of the name.
public struct ProtocolID: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name as it is sent, without newline.
    public let description: String

    /// Wraps a name.
    public init(_ name: String) { description = name }

    /// Wraps a literal name.
    public init(stringLiteral name: String) { self.init(name) }
}
