// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Collects where sections start and writes the index of a CARv2.
///
/// Holds 40 bytes per block of a 32-byte digest. Output is that of go-car, byte for byte, except
/// that go-car leaves the order of equal digests open: here they keep the order given.
public struct CARIndexBuilder: Sendable {
    private struct Key: Hashable, Comparable {
        /// Zero in an index without codes.
        let code: UInt64
        let width: Int

        static func < (left: Key, right: Key) -> Bool {
            (left.code, left.width) < (right.code, right.width)
        }
    }

    /// The form that is written.
    public let form: CARIndex.Form
    /// Whether sections with identity CIDs, which carry their block, are entered as well.
    public let isFullyIndexed: Bool

    private var records: [Key: [UInt8]] = [:]

    /// Starts an empty index.
    public init(form: CARIndex.Form = .multihashIndexSorted, isFullyIndexed: Bool = false) {
        self.form = form
        self.isFullyIndexed = isFullyIndexed
    }

    /// Enters a section that starts `offset` bytes behind the start of the CARv1 data.
    ///
    /// - Complexity: O(digest length) amortized.
    public mutating func add(_ cid: CID, offset: UInt64) {
        let multihash = cid.multihash
        if multihash.isIdentity && !isFullyIndexed { return }
        let digest = multihash.digest
        let key = Key(
            code: form == .indexSorted ? 0 : multihash.code.rawValue, width: digest.count + 8)
        records[key, default: []].append(contentsOf: digest)
        LittleEndian.append(offset, to: &records[key, default: []])
    }

    /// The index, with the code of its form in front.
    ///
    /// - Complexity: O(n log n) for n entries; takes as much memory again.
    public func encode() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(64 + records.values.reduce(0) { $0 + $1.count + 24 })
        Varint.append(form.rawValue, to: &output)
        let keys = records.keys.sorted()
        switch form {
        case .indexSorted: appendGroups(keys[...], to: &output)
        case .multihashIndexSorted:
            var codes: [ArraySlice<Key>] = []
            var start = 0
            for end in 1..<(keys.count + 1)
            where end == keys.count || keys[end].code != keys[start].code {
                codes.append(keys[start..<end])
                start = end
            }
            LittleEndian.append(Int32(codes.count), to: &output)
            for keys in codes {
                LittleEndian.append(keys[keys.startIndex].code, to: &output)
                appendGroups(keys, to: &output)
            }
        }
        return output
    }

    private func appendGroups(_ keys: ArraySlice<Key>, to output: inout [UInt8]) {
        LittleEndian.append(Int32(keys.count), to: &output)
        for key in keys {
            let records = records[key, default: []]
            LittleEndian.append(UInt32(key.width), to: &output)
            LittleEndian.append(UInt64(records.count), to: &output)
            for start in Self.sortedOffsets(of: records, width: key.width) {
                output.append(contentsOf: records[start..<start + key.width])
            }
        }
    }

    /// Where the records start, in the order of their digests.
    private static func sortedOffsets(of records: [UInt8], width: Int) -> [Int] {
        let digestByteCount = width - 8
        var offsets = Array(stride(from: 0, to: records.count, by: width))
        offsets.sort { left, right in
            for index in 0..<digestByteCount {
                let (leftByte, rightByte) = (records[left + index], records[right + index])
                if leftByte != rightByte { return leftByte < rightByte }
            }
            return false
        }
        return offsets
    }
}
