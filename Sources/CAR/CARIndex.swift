// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// The index of a CARv2: where each block's section starts, by digest.
///
/// Layout as go-car writes it, which is not quite what the specification's page says.
/// Spec: <https://ipld.io/specs/transport/car/carv2/#index-format>.
public struct CARIndex: Hashable, Sendable {
    /// The two forms of an index.
    public enum Form: UInt64, Hashable, Sendable, CaseIterable {
        /// Sorted by digest, without the hash function's code.
        case indexSorted = 0x0400
        /// Sorted by hash function and then by digest; what go-car writes by default.
        case multihashIndexSorted = 0x0401
    }

    /// Entries of one hash function and digest length, each a digest and a 64-bit offset.
    struct Group: Hashable, Sendable {
        /// Nil in an index without codes.
        let code: Multicodec?
        /// Byte count of an entry.
        let width: Int
        /// The entries, sorted by digest.
        let records: [UInt8]

        var count: Int { records.count / width }
        var digestByteCount: Int { width - 8 }
    }

    /// Which form it was read in.
    public let form: Form
    let groups: [Group]

    /// The number of entries.
    ///
    /// - Complexity: O(number of hash functions and digest lengths).
    public var count: Int { groups.reduce(0) { $0 + $1.count } }

    /// Where a section of this multihash starts, from the start of the CARv1 data; nil if the
    /// index has none.
    ///
    /// In an index without codes the digest alone decides. Of several sections any may be given.
    ///
    /// - Complexity: O(log n); does not allocate.
    public func offset(of multihash: Multihash) -> UInt64? {
        let digest = multihash.digest
        for group in groups where group.digestByteCount == digest.count {
            if let code = group.code, code != multihash.code { continue }
            if let offset = group.offset(of: digest) { return offset }
        }
        return nil
    }
}

extension CARIndex.Group {
    func offset(of digest: ArraySlice<UInt8>) -> UInt64? {
        var lower = 0
        var upper = count
        while lower < upper {
            let middle = lower + (upper - lower) / 2
            let start = middle * width
            let found = records[start..<start + digestByteCount]
            if found.elementsEqual(digest) {
                return LittleEndian.uint64(in: records.span, at: start + digestByteCount)
            }
            if found.lexicographicallyPrecedes(digest) {
                lower = middle + 1
            } else {
                upper = middle
            }
        }
        return nil
    }

    /// The first entry that sorts before its predecessor.
    var firstOutOfOrder: Int? {
        for index in 0..<max(count - 1, 0) {
            let start = index * width
            let next = start + width
            let left = records[start..<start + digestByteCount]
            let right = records[next..<next + digestByteCount]
            if right.lexicographicallyPrecedes(left) { return index + 1 }
        }
        return nil
    }
}
