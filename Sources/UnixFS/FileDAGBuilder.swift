// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// Builds the inner blocks of a file's DAG from its leaves, with the roots that Kubo gives.
///
/// A value that does no I/O: leaves come in file order, inner blocks go out children first, as
/// soon as they are known not to be the root. Under the balanced layout a file of one leaf has no
/// inner block: the root is the leaf, which must have been framed with the file's metadata, and a
/// file without bytes has one empty leaf, which the caller appends. A trickle file without bytes
/// has no leaf.
///
/// Memory is O(depth × maxLinks), whatever the length of the file.
public struct FileDAGBuilder {
    /// Leaves appended so far.
    public private(set) var leafCount = 0

    // Both are held and one is used: a switch over an enum would copy the levels at each leaf.
    private let layout: FileLayout
    private var balanced: BalancedSpine
    private var trickle: TrickleSpine
    private let metadata: UnixFSMetadata

    /// Makes a builder without leaves.
    ///
    /// `maxLinks` is the most links that an inner block holds (in the trickle layout: the most
    /// leaves). `metadata` goes on the root.
    /// - Throws: ``UnixFSBuildError/maxLinksTooSmall(_:)``: with one link per block a balanced DAG
    ///   would never reach its root.
    public init(
        layout: FileLayout, maxLinks: Int, cidBuilder: CIDBuilder,
        metadata: UnixFSMetadata = .none
    ) throws(UnixFSBuildError) {
        guard maxLinks >= (layout == .balanced ? 2 : 1) else {
            throw .maxLinksTooSmall(maxLinks)
        }
        self.layout = layout
        balanced = BalancedSpine(maxLinks: maxLinks, cidBuilder: cidBuilder)
        trickle = TrickleSpine(maxLinks: maxLinks, cidBuilder: cidBuilder)
        self.metadata = metadata
    }

    /// Adds the next leaf.
    ///
    /// - Throws: what `emit` throws, or ``UnixFSBuildError/hashing(_:)``; the builder must not be
    ///   used afterwards.
    public mutating func append(_ leaf: FileLink, emit: (Block) throws -> Void) throws {
        leafCount += 1
        switch layout {
        case .balanced: try balanced.append(leaf, emit: emit)
        case .trickle: try trickle.append(leaf, emit: emit)
        }
    }

    /// Seals all open blocks and returns the file's root.
    ///
    /// - Precondition: a balanced file has one leaf at least.
    /// - Throws: what `emit` throws, or ``UnixFSBuildError/hashing(_:)``.
    public mutating func finish(emit: (Block) throws -> Void) throws -> FileLink {
        switch layout {
        case .balanced:
            precondition(leafCount > 0, "a balanced file without a leaf")
            return try balanced.finish(metadata: metadata, emit: emit)
        case .trickle:
            return try trickle.finish(metadata: metadata, emit: emit)
        }
    }
}
