// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// A field of a DAG-PB node, as ranges of the block it was found in.
public enum PBField: Hashable, Sendable {
    /// A link.
    case link(PBLinkField)
    /// The data, which may be empty.
    case data(Range<Int>)
}

/// A link of a DAG-PB node, as ranges of the block it was found in.
public struct PBLinkField: Hashable, Sendable {
    /// Where the CID's bytes are.
    public let hash: Range<Int>
    /// Where the name's bytes are; nil if the name is absent.
    public let name: Range<Int>?
    /// Byte count of the linked block and of all that it links to; nil if absent.
    public let tsize: UInt64?

    /// Parses the CID out of the block that the field was found in.
    ///
    /// - Throws: `DAGPBError.hash`, `.hashByteCount`.
    /// - Complexity: O(CID length); one allocation.
    public func cid(in bytes: Span<UInt8>) throws(DAGPBError) -> CID {
        var cursor = hash.lowerBound
        let cid: CID
        do { cid = try CID.read(from: bytes, at: &cursor) } catch { throw .hash(error) }
        guard cursor == hash.upperBound else {
            throw .hashByteCount(offset: hash.lowerBound)
        }
        return cid
    }
}

/// Walks over the fields of a DAG-PB block without building the node.
///
/// Holds only positions: every call gets the same bytes. What `next(in:)` accepts is what
/// ``PBNode`` accepts, except that CIDs are parsed by ``PBLinkField/cid(in:)``.
/// Spec: <https://ipld.io/specs/codecs/dag-pb/spec/>.
public struct PBFieldCursor: Sendable {
    /// Where the next field starts.
    public private(set) var offset = 0
    private var hasData = false
    private var hasLinks = false
    private var inLinks = false

    /// Starts at the first byte of a block.
    public init() {}

    /// The next field, or nil at the end of the block.
    ///
    /// - Throws: ``DAGPBError``; the cursor is of no use afterwards.
    /// - Complexity: O(1); does not allocate.
    public mutating func next(in bytes: Span<UInt8>) throws(DAGPBError) -> PBField? {
        guard offset < bytes.count else { return nil }
        let start = offset
        let key = try Protobuf.key(in: bytes, at: &offset, end: bytes.count)
        guard key.number == 1 || key.number == 2 else {
            throw .unknownField(offset: start, number: key.number)
        }
        guard key.wireType == 2 else { throw .wireType(offset: start, key.wireType) }
        let content = try Protobuf.content(in: bytes, at: &offset, end: bytes.count, field: start)
        if key.number == 1 {
            if hasData { throw .repeatedField(offset: start, number: 1) }
            hasData = true
            inLinks = false
            return .data(content)
        }
        if hasLinks && !inLinks { throw .splitLinks(offset: start) }
        hasLinks = true
        inLinks = true
        return .link(try Self.link(in: bytes, content, field: start))
    }

    /// Reads the message in `content`; the link's own field starts at `field`.
    private static func link(
        in bytes: Span<UInt8>, _ content: Range<Int>, field: Int
    ) throws(DAGPBError) -> PBLinkField {
        var position = content.lowerBound
        let end = content.upperBound
        var last: UInt64 = 0
        var hash: Range<Int>?
        var name: Range<Int>?
        var tsize: UInt64?
        while position < end {
            let start = position
            let key = try Protobuf.key(in: bytes, at: &position, end: end)
            guard (1...3).contains(key.number) else {
                throw .unknownField(offset: start, number: key.number)
            }
            guard key.wireType == (key.number == 3 ? 0 : 2) else {
                throw .wireType(offset: start, key.wireType)
            }
            if key.number == last { throw .repeatedField(offset: start, number: last) }
            if key.number < last { throw .fieldOrder(offset: start, number: key.number) }
            last = key.number
            if key.number == 3 {
                let value = try Protobuf.varint(in: bytes, at: &position, end: end)
                guard value <= UInt64(Int64.max) else { throw .tsizeTooLarge(offset: start) }
                tsize = value
                continue
            }
            let range = try Protobuf.content(in: bytes, at: &position, end: end, field: start)
            if key.number == 1 { hash = range } else { name = range }
        }
        guard let hash else { throw .missingHash(offset: field) }
        return PBLinkField(hash: hash, name: name, tsize: tsize)
    }
}

/// The pieces of the protobuf wire form that DAG-PB uses.
private enum Protobuf {
    /// Reads a field's number and wire type.
    static func key(
        in bytes: Span<UInt8>, at cursor: inout Int, end: Int
    ) throws(DAGPBError) -> (number: UInt64, wireType: UInt8) {
        let value = try varint(in: bytes, at: &cursor, end: end)
        return (value >> 3, UInt8(truncatingIfNeeded: value & 7))
    }

    /// Reads a length and moves past as many bytes; `field` is where the field starts.
    static func content(
        in bytes: Span<UInt8>, at cursor: inout Int, end: Int, field: Int
    ) throws(DAGPBError) -> Range<Int> {
        let length = try varint(in: bytes, at: &cursor, end: end)
        guard length <= UInt64(end - cursor) else { throw .truncated(offset: field) }
        let start = cursor
        cursor += Int(length)
        return start..<cursor
    }

    /// Reads a varint of at most ten bytes and 64 bits.
    ///
    /// Longer encodings of small values pass, as they do in every protobuf library.
    static func varint(
        in bytes: Span<UInt8>, at cursor: inout Int, end: Int
    ) throws(DAGPBError) -> UInt64 {
        let start = cursor
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while cursor < end, shift < 70 {
            let byte = bytes[cursor]
            if shift == 63 && byte > 1 { break }
            value |= UInt64(byte & 0x7f) << shift
            cursor += 1
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .varint(offset: start)
    }
}
