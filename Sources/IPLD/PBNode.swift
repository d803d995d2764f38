// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// A DAG-PB link.
///
/// Spec: <https://ipld.io/specs/codecs/dag-pb/spec/>.
public struct PBLink: Hashable, Sendable {
    /// The CID of the linked block.
    public var hash: CID
    /// The link's name as bytes; UTF-8 by the spec, any bytes in practice; nil if absent.
    public var name: [UInt8]?
    /// Byte count of the linked block and of all that it links to; nil if absent.
    public var tsize: UInt64?

    /// Makes a link; UnixFS always writes a name (perhaps empty) and a size.
    public init(hash: CID, name: [UInt8]? = [], tsize: UInt64? = nil) {
        self.hash = hash
        self.name = name
        self.tsize = tsize
    }
}

/// A DAG-PB node.
///
/// Spec: <https://ipld.io/specs/codecs/dag-pb/spec/>.
public struct PBNode: Hashable, Sendable {
    /// The links, in the order in which they are written.
    public var links: [PBLink]
    /// The data; empty data and no data are different blocks.
    public var data: [UInt8]?

    /// Makes a node; links keep the order given.
    public init(links: [PBLink] = [], data: [UInt8]? = nil) {
        self.links = links
        self.data = data
    }
}
