// SPDX-License-Identifier: Apache-2.0

import Multiformats
import UnixFS

/// Directory entries in a compact form: about 12 bytes each beside name and CID.
///
/// Entry: name length (2 bytes, little-endian), CID length (2), Tsize (8), name, CID.
struct EntryRun {
    static let headByteCount = 12

    private(set) var bytes: [UInt8] = []
    private var offsets: [Int] = []

    var count: Int { offsets.count }

    /// What the run takes in memory, roughly.
    var byteCount: Int { bytes.count + offsets.count * 8 }

    mutating func append(_ entry: DirectoryEntry) {
        offsets.append(bytes.count)
        let (name, cid) = (entry.name.count, entry.cid.bytes.count)
        bytes.append(UInt8(truncatingIfNeeded: name))
        bytes.append(UInt8(truncatingIfNeeded: name >> 8))
        bytes.append(UInt8(truncatingIfNeeded: cid))
        bytes.append(UInt8(truncatingIfNeeded: cid >> 8))
        for shift in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: entry.tsize >> UInt64(8 * shift)))
        }
        bytes.append(contentsOf: entry.name)
        bytes.append(contentsOf: entry.cid.bytes)
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
    }

    /// The entries in the order in which they came.
    var entries: [DirectoryEntry] { offsets.map { Self.decode(bytes, at: $0).entry } }

    /// The encoded entries in the order of their HAMT keys.
    func sortedByKey() -> [ArraySlice<UInt8>] {
        let keyed = offsets.map { offset -> (key: UInt64, slice: ArraySlice<UInt8>) in
            let (entry, end) = Self.decode(bytes, at: offset)
            return (HAMTBuilder.sortKey(of: entry.name), bytes[offset..<end])
        }
        return keyed.sorted { $0.key < $1.key }.map(\.slice)
    }

    /// The lengths that a head declares: of the name and of the CID.
    static func lengths(_ bytes: ArraySlice<UInt8>) -> (name: Int, cid: Int) {
        let at = bytes.startIndex
        return (
            Int(bytes[at]) | Int(bytes[at + 1]) << 8, Int(bytes[at + 2]) | Int(bytes[at + 3]) << 8
        )
    }

    /// Decodes what ``append(_:)`` wrote at `offset`, and tells where it ends.
    static func decode(
        _ bytes: [UInt8], at offset: Int
    ) -> (entry: DirectoryEntry, end: Int) {
        let lengths = lengths(bytes[offset...])
        var tsize: UInt64 = 0
        for shift in 0..<8 { tsize |= UInt64(bytes[offset + 4 + shift]) << UInt64(8 * shift) }
        let nameEnd = offset + headByteCount + lengths.name
        let end = nameEnd + lengths.cid
        guard let cid = try? CID(Array(bytes[nameEnd..<end])) else {  // encoded by `append`
            preconditionFailure("an entry run holds an invalid CID")
        }
        let name = Array(bytes[offset + headByteCount..<nameEnd])
        return (DirectoryEntry(name: name, cid: cid, tsize: tsize), end)
    }
}
