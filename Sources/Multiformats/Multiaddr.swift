// SPDX-License-Identifier: Apache-2.0

/// A network address that says of which protocols it is made.
public struct Multiaddr: Hashable, Sendable {
    /// The binary form.
    public let bytes: [UInt8]
}
