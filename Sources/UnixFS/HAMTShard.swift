// SPDX-License-Identifier: Apache-2.0

import IPLD
public import Multiformats

/// A shard of a directory: entries and sub-shards, each in a bucket of its own.
public struct HAMTShard: Hashable, Sendable {
    /// What a bucket holds.
    public enum Child: Hashable, Sendable {
        /// An entry, under its name without the bucket's prefix.
        case entry(DirectoryEntry)
        /// A shard one level further down.
        case shard(CID)

        /// What the bucket links to.
        public var cid: CID {
            switch self {
            case .entry(let entry): entry.cid
            case .shard(let cid): cid
            }
        }
    }

    /// Buckets per shard: a power of two in 8...1024.
    public let fanout: Int
    /// What the buckets hold, in ascending order of their numbers.
    public let children: [Child]
    /// The number of each child's bucket, ascending.
    public let buckets: [Int]
    /// Mode and modification time; meant for the root shard only.
    public let metadata: UnixFSMetadata

    let shape: HAMTShape

    init(_ message: UnixFSData, links: [PBLink]) throws(UnixFSError) {
        guard let fanout = message.fanout, let width = Int(exactly: fanout),
            let shape = HAMTShape(fanout: width)
        else { throw .invalidFanout(message.fanout ?? 0) }
        guard message.hashType == UnixFSData.murmur3HashType else {
            throw .unsupportedHashType(message.hashType ?? 0)
        }
        let bitfield = message.data ?? []
        guard let buckets = shape.buckets(in: bitfield) else {
            throw .bitfieldTooLong(byteCount: bitfield.count)
        }
        guard buckets.count == links.count else {
            throw .bitfieldMismatch(bits: buckets.count, links: links.count)
        }
        var children: [Child] = []
        children.reserveCapacity(links.count)
        for (index, link) in links.enumerated() {
            let name = link.name ?? []
            guard name.starts(with: shape.prefix(of: buckets[index])) else {
                throw .wrongPrefix(index: index)
            }
            let rest = Array(name.dropFirst(shape.prefixByteCount))
            if rest.isEmpty {
                children.append(.shard(link.hash))
            } else if DirectoryEntry.isValidName(rest) {
                children.append(
                    .entry(DirectoryEntry(name: rest, cid: link.hash, tsize: link.tsize ?? 0)))
            } else {
                throw .invalidName(index: index)
            }
        }
        self.fanout = width
        self.shape = shape
        self.children = children
        self.buckets = buckets
        metadata = message.metadata
    }

    /// What the bucket holds that a name with this hash belongs to at `level`; nil if it is empty.
    func child(of hash: UInt64, level: Int) -> Child? {
        let bucket = shape.bucket(of: hash, level: level)
        guard let index = buckets.firstIndex(of: bucket) else { return nil }
        return children[index]
    }
}
