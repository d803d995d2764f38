// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// What a file's leaf blocks look like.
///
/// A leaf is a prefix, the chunk and a suffix, so that a chunk can be hashed and stored where it
/// was read, without a copy.
public struct LeafFormat: Hashable, Sendable {
    /// Whether leaves are the bare chunk under the raw codec.
    public let rawLeaves: Bool
    /// The layout, which decides the type that a DAG-PB leaf carries.
    public let layout: FileLayout

    /// The bytes around a chunk; both are empty for raw leaves.
    public struct Framing: Hashable, Sendable {
        /// The bytes before the chunk.
        public let prefix: [UInt8]
        /// The bytes after the chunk.
        public let suffix: [UInt8]

        /// The length in bytes of the block around a chunk of `chunkByteCount` bytes.
        public func blockByteCount(chunkByteCount: Int) -> Int {
            prefix.count + chunkByteCount + suffix.count
        }
    }

    /// Makes a format.
    public init(rawLeaves: Bool, layout: FileLayout) {
        self.rawLeaves = rawLeaves
        self.layout = layout
    }

    /// The codec of the leaves.
    public var codec: Multicodec { rawLeaves ? .raw : .dagPB }

    /// What stands before and after a chunk of `chunkByteCount` bytes.
    ///
    /// Give `metadata` only where the chunk is the whole file and the layout balanced: there the
    /// leaf is the root. Raw leaves cannot carry it.
    public func framing(
        chunkByteCount: Int, metadata: UnixFSMetadata = .none
    ) -> Framing {
        guard !rawLeaves else { return Framing(prefix: [], suffix: []) }
        let kind: UnixFSData.Kind = layout == .balanced ? .file : .raw
        let byteCount = UInt64(chunkByteCount)

        var suffix: [UInt8] = []
        UnixFSData.append(UnixFSData.Field.filesize, byteCount, to: &suffix)
        metadata.appendFields(to: &suffix)

        var head: [UInt8] = []
        UnixFSData.append(UnixFSData.Field.kind, UInt64(kind.rawValue), to: &head)
        if chunkByteCount > 0 {
            ProtobufWire.appendTag(UnixFSData.Field.data, ProtobufWire.bytes, to: &head)
            ProtobufWire.append(byteCount, to: &head)
        }

        // The message is the data, field 1, of a DAG-PB node without links.
        var prefix: [UInt8] = []
        prefix.reserveCapacity(head.count + 6)
        ProtobufWire.appendTag(1, ProtobufWire.bytes, to: &prefix)
        ProtobufWire.append(
            UInt64(head.count + chunkByteCount + suffix.count), to: &prefix)
        prefix.append(contentsOf: head)
        return Framing(prefix: prefix, suffix: suffix)
    }
}
