// SPDX-License-Identifier: Apache-2.0

public import Libp2p

extension ProtocolID {
    /// Bitswap with presences (HAVE and DONT_HAVE).
    public static let bitswap12: ProtocolID = "/ipfs/bitswap/1.2.0"
    /// Bitswap whose blocks come with a CID prefix.
    public static let bitswap11: ProtocolID = "/ipfs/bitswap/1.1.0"
    /// Bitswap whose blocks are all CIDv0.
    public static let bitswap10: ProtocolID = "/ipfs/bitswap/1.0.0"
    /// One block for one CID and stream.
    public static let blockRead: ProtocolID = "/blockstorage/block/read/1.0.0"
}
