// SPDX-License-Identifier: Apache-2.0

/// The UnixFS message that a DAG-PB node holds as its data.
///
/// Fields that are nil (or an empty list) are not written. Data that is present but empty is
/// written, and is another block than absent data. Spec: <https://specs.ipfs.tech/unixfs/>.
public struct UnixFSData: Hashable, Sendable {
    /// What the object is.
    public enum Kind: UInt8, Sendable {
        case raw = 0
        case directory = 1
        case file = 2
        /// Never made, and refused by readers.
        case metadata = 3
        case symlink = 4
        case hamtShard = 5
    }

    /// What the object is.
    public var kind: Kind
    /// File bytes, symlink target or HAMT bitfield.
    public var data: [UInt8]?
    /// Bytes of file content at and below this node.
    public var filesize: UInt64?
    /// Bytes of file content below each link.
    public var blocksizes: [UInt64]
    /// The HAMT's hash function, a multicodec.
    public var hashType: UInt64?
    /// The HAMT's number of buckets.
    public var fanout: UInt64?
    /// Mode and modification time.
    public var metadata: UnixFSMetadata

    /// Makes a message.
    public init(
        kind: Kind, data: [UInt8]? = nil, filesize: UInt64? = nil, blocksizes: [UInt64] = [],
        hashType: UInt64? = nil, fanout: UInt64? = nil, metadata: UnixFSMetadata = .none
    ) {
        self.kind = kind
        self.data = data
        self.filesize = filesize
        self.blocksizes = blocksizes
        self.hashType = hashType
        self.fanout = fanout
        self.metadata = metadata
    }

    /// murmur3-x64-64, the only hash function of HAMT shards.
    public static let murmur3HashType: UInt64 = 0x22

    /// The field numbers of the message.
    enum Field {
        static let kind: UInt64 = 1
        static let data: UInt64 = 2
        static let filesize: UInt64 = 3
        static let blocksizes: UInt64 = 4
        static let hashType: UInt64 = 5
        static let fanout: UInt64 = 6
        static let mode: UInt64 = 7
        static let mtime: UInt64 = 8
        static let mtimeSeconds: UInt64 = 1
        static let mtimeNanoseconds: UInt64 = 2
    }
}
