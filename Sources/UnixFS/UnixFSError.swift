// SPDX-License-Identifier: Apache-2.0

public import IPLD

/// Why bytes are not a UnixFS object.
///
/// Offsets count from the first byte of the UnixFS message (the node's data), or from the first
/// byte of the block in ``dagPB(_:)``.
public enum UnixFSError: Error, Hashable, Sendable {
    /// The block is no DAG-PB node.
    case dagPB(DAGPBError)
    /// The block's codec is neither raw nor DAG-PB.
    case unsupportedCodec
    /// The DAG-PB node has no data, so it is no UnixFS object.
    case missingData
    /// The message ends inside the field whose tag is at `offset`.
    case truncated(offset: Int)
    /// The varint at `offset` goes on past ten bytes or 64 bits.
    case varintTooLong(offset: Int)
    /// The tag at `offset` has field number zero or a wire type that protobuf has retired.
    case invalidTag(offset: Int)
    /// The field at `offset` is known, but not in this wire type.
    case wrongWireType(offset: Int, field: UInt64)
    /// The type at `offset` is none that UnixFS has.
    case unknownType(offset: Int, UInt64)
    /// The message has no type.
    case missingType
    /// The modification time at `offset` has no seconds.
    case missingSeconds(offset: Int)
    /// The object is of the dead type Metadata.
    case metadataObject
    /// The number of block sizes differs from the number of links.
    case blocksizesMismatch(blocksizes: Int, links: Int)
    /// The file size is not the inline data plus the block sizes, or their sum overflows.
    case filesizeMismatch
    /// The fanout is no power of two in 8...1024.
    case invalidFanout(UInt64)
    /// The shard's hash function is not murmur3-x64-64 (0x22).
    case unsupportedHashType(UInt64)
    /// The bitfield is longer than the fanout allows.
    case bitfieldTooLong(byteCount: Int)
    /// The number of bits set differs from the number of links.
    case bitfieldMismatch(bits: Int, links: Int)
    /// The name of the link at `index` does not start with its bucket's number.
    case wrongPrefix(index: Int)
    /// The link at `index` has a name that no directory entry may have.
    case invalidName(index: Int)
    /// The link at `index` has the name of an earlier one.
    case duplicateName(index: Int)
}
