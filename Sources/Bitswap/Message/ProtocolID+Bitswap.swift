// SPDX-License-Identifier: Apache-2.0

public import Libp2p

extension ProtocolID {
    /// Bitswap with presences (HAVE and DONT_HAVE).
    public static let bitswap12: ProtocolID = "/ipfs/bitswap/1.2.0"
    /// Bitswap whose blocks come with a CID prefix.
    public static let bitswap11: ProtocolID = "/ipfs/bitswap/1.1.0"
    /// Bitswap whose blocks come without a CID prefix.
    public static let bitswap10: ProtocolID = "/ipfs/bitswap/1.0.0"
    /// The oldest Bitswap; its messages are those of 1.0.0.
    public static let bitswapUnversioned: ProtocolID = "/ipfs/bitswap"
    /// One block for one CID and stream.
    public static let blockRead: ProtocolID = "/blockstorage/block/read/1.0.0"

    /// All of Bitswap, in the order in which they are proposed.
    public static let bitswap: [ProtocolID] = [
        .bitswap12, .bitswap11, .bitswap10, .bitswapUnversioned,
    ]
}

/// What a stream's protocol allows in its messages.
public enum BitswapVersion: Hashable, Sendable, Comparable {
    /// Blocks without a prefix, told by their SHA2-256: 1.0.0, and the oldest without a number.
    case bareBlocks
    /// Blocks with the prefix of their CID: 1.1.0.
    case prefixedBlocks
    /// Those and presences: 1.2.0.
    case presences

    /// The version of the messages on streams of `protocolID`; nil if it is not Bitswap.
    public init?(_ protocolID: ProtocolID) {
        switch protocolID {
        case .bitswap12: self = .presences
        case .bitswap11: self = .prefixedBlocks
        case .bitswap10, .bitswapUnversioned: self = .bareBlocks
        default: return nil
        }
    }
}
