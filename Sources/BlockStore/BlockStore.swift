// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// Blocks that can be put, asked for and got back.
///
/// A block is known by its multihash: asked for under another version or codec, it is the same
/// bytes. Identity CIDs hold their block themselves; they are always contained, and answered
/// without storage.
public protocol BlockStore: BlockSource {
    /// The block that `cid` names, its bytes checked against it.
    ///
    /// - Throws: ``BlockStoreError`` with `notFound` or `corrupt`, and the CID.
    func block(_ cid: CID) async throws -> Block

    /// For each CID whether the store has its block; the block is not read.
    ///
    /// - Throws: ``BlockStoreError`` with `failed`.
    func contains(_ cids: [CID]) async throws -> [Bool]

    /// For each CID the length of its block in bytes, nil if the store does not have it.
    ///
    /// Nothing is checked: reading the block may still fail. Without an implementation of its own,
    /// a store reads the blocks.
    /// - Throws: ``BlockStoreError`` with `failed`.
    func byteCounts(of cids: [CID]) async throws -> [Int?]

    /// Stores `blocks`; those that are there already are not stored twice.
    ///
    /// - Throws: ``BlockStoreError`` with `mismatch` if the bytes of one do not hash to its CID;
    ///   then none of them is stored.
    func put(_ blocks: [Block]) async throws
}

extension BlockStore {
    /// Whether the store has the block that `cid` names.
    ///
    /// - Throws: ``BlockStoreError`` with `failed`.
    public func contains(_ cid: CID) async throws -> Bool {
        try await contains([cid]).first ?? false
    }

    /// For each CID the length of its block; reads those blocks that are there.
    public func byteCounts(of cids: [CID]) async throws -> [Int?] {
        var byteCounts: [Int?] = []
        for (cid, isHere) in zip(cids, try await contains(cids)) {
            guard isHere else {
                byteCounts.append(nil)
                continue
            }
            do { byteCounts.append(try await block(cid).bytes.count) } catch let error
                as BlockStoreError where error.code == .notFound || error.code == .corrupt
            {
                byteCounts.append(nil)
            }
        }
        return byteCounts
    }
}

extension Block {
    /// Checks that the bytes are those that the CID names.
    ///
    /// - Throws: ``BlockStoreError`` with `mismatch`.
    /// - Complexity: O(bytes).
    public func verify() throws(BlockStoreError) {
        do { try cid.verify(bytes.span) } catch {
            throw BlockStoreError(.mismatch, cid: cid, message: "\(error)", cause: error)
        }
    }
}
