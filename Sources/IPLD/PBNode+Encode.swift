// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension PBNode {
    /// Byte count of the encoded node.
    ///
    /// - Complexity: O(link count); does not allocate.
    public var encodedByteCount: Int {
        var total = 0
        for index in links.indices {
            total += Self.fieldByteCount(links[index].encodedByteCount)
        }
        if let data { total += Self.fieldByteCount(data.count) }
        return total
    }

    /// The node as a DAG-PB block: links in the order of ``links``, then the data.
    ///
    /// The canonical form has its links sorted: see ``sortLinks()``. Absent names, sizes and data
    /// are left out; empty names, zero sizes and empty data are written.
    ///
    /// - Complexity: O(block length); one allocation.
    public func encode() -> [UInt8] {
        var output: [UInt8] = []
        append(to: &output)
        return output
    }

    /// Appends what ``encode()`` gives to `output`.
    ///
    /// - Complexity: O(block length); at most one allocation.
    public func append(to output: inout [UInt8]) {
        let needed = output.count + encodedByteCount
        if output.capacity < needed { output.reserveCapacity(needed) }
        for index in links.indices { links[index].append(to: &output) }
        if let data {
            output.append(0x0a)
            ProtobufVarint.append(UInt64(data.count), to: &output)
            output.append(contentsOf: data)
        }
    }

    /// Sorts the links by the bytes of their names, as the canonical form demands.
    ///
    /// An absent name sorts as an empty one; links of one name keep their order.
    ///
    /// - Complexity: O(n) if sorted already, else O(n log n).
    public mutating func sortLinks() {
        guard !hasSortedLinks else { return }
        links.sort { Self.precedes($0, $1) }
    }

    /// Whether the links are in the order that ``sortLinks()`` makes.
    ///
    /// - Complexity: O(n); does not allocate.
    public var hasSortedLinks: Bool {
        for index in links.indices.dropFirst()
        where Self.precedes(links[index], links[index - 1]) {
            return false
        }
        return true
    }

    private static func precedes(_ left: PBLink, _ right: PBLink) -> Bool {
        guard let rightName = right.name else { return false }
        guard let leftName = left.name else { return !rightName.isEmpty }
        return leftName.lexicographicallyPrecedes(rightName)
    }

    /// Byte count of a field of `count` bytes, with its key and length.
    fileprivate static func fieldByteCount(_ count: Int) -> Int {
        1 + ProtobufVarint.byteCount(of: UInt64(count)) + count
    }
}

extension PBLink {
    /// Byte count of the encoded link, without its key and length in the node.
    ///
    /// - Complexity: O(1).
    public var encodedByteCount: Int {
        var total = PBNode.fieldByteCount(hash.bytes.count)
        if let name { total += PBNode.fieldByteCount(name.count) }
        if let tsize { total += 1 + ProtobufVarint.byteCount(of: tsize) }
        return total
    }

    /// Appends the link as a field of a node.
    fileprivate func append(to output: inout [UInt8]) {
        output.append(0x12)
        ProtobufVarint.append(UInt64(encodedByteCount), to: &output)
        output.append(0x0a)
        ProtobufVarint.append(UInt64(hash.bytes.count), to: &output)
        output.append(contentsOf: hash.bytes)
        if let name {
            output.append(0x12)
            ProtobufVarint.append(UInt64(name.count), to: &output)
            output.append(contentsOf: name)
        }
        if let tsize {
            output.append(0x18)
            ProtobufVarint.append(tsize, to: &output)
        }
    }
}

/// Protobuf's varint, which unlike that of multiformats holds all 64 bits.
private enum ProtobufVarint {
    static func byteCount(of value: UInt64) -> Int {
        value == 0 ? 1 : (64 - value.leadingZeroBitCount + 6) / 7
    }

    static func append(_ value: UInt64, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }
}
