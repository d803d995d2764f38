// SPDX-License-Identifier: Apache-2.0

import IPLD
public import Multiformats

/// The header of a CARv1: the roots.
///
/// Spec: <https://ipld.io/specs/transport/car/carv1/#header>.
public struct CARHeader: Hashable, Sendable {
    /// The root CIDs; none is allowed, and none need be in the file.
    public let roots: [CID]

    /// The root that stands for "no root to name": the CID of zero bytes, `bafkqaaa`.
    public static let placeholderRoot = CID(
        v1: .raw, Multihash(code: .identity, digest: EmptyCollection()))

    /// Makes a header of these roots.
    public init(roots: [CID]) { self.roots = roots }

    /// The canonical header with its length in front: what a CARv1 starts with.
    ///
    /// - Complexity: O(root count).
    public static func encode(roots: [CID]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(20 + roots.count * 48)
        CBORHead.append(.map, 2, to: &body)
        append(text: rootsKey, to: &body)
        CBORHead.append(.array, UInt64(roots.count), to: &body)
        for root in roots {
            CBORHead.append(.tag, 42, to: &body)
            CBORHead.append(.bytes, UInt64(root.bytes.count + 1), to: &body)
            body.append(0)
            body.append(contentsOf: root.bytes)
        }
        append(text: versionKey, to: &body)
        CBORHead.append(.unsigned, 1, to: &body)
        var output: [UInt8] = []
        output.reserveCapacity(body.count + Varint.maximumByteCount)
        Varint.append(UInt64(body.count), to: &output)
        output.append(contentsOf: body)
        return output
    }

    private static let rootsKey = Array("roots".utf8)
    private static let versionKey = Array("version".utf8)

    private static func append(text: [UInt8], to output: inout [UInt8]) {
        CBORHead.append(.text, UInt64(text.count), to: &output)
        output.append(contentsOf: text)
    }
}

extension CARHeader {
    /// Decodes the CBOR of a header, without the length in front; `bytes` hold nothing else.
    ///
    /// The two keys may come in any order. All else is strict: no other key, no key twice,
    /// definite lengths, shortest numbers.
    ///
    /// - Parameter offset: where `bytes` start in the input; only for errors.
    /// - Throws: `CARError.headerCBOR`, `.headerForm`, `.unknownVersion`.
    /// - Complexity: O(byte count); one allocation per root.
    public init(decoding bytes: Span<UInt8>, offset: Int = 0) throws(CARError) {
        let parts: Parts?
        do { parts = try Parts(decoding: bytes) } catch {
            throw .headerCBOR(offset: offset, error)
        }
        guard let parts, let version = parts.version else { throw .headerForm(offset: offset) }
        guard version == 1 else { throw .unknownVersion(offset: offset, version) }
        guard let roots = parts.roots else { throw .headerForm(offset: offset) }
        self.roots = roots
    }

    /// The entries of the map, each nil until it was met.
    private struct Parts {
        var roots: [CID]?
        var version: UInt64?

        /// Nil if the CBOR is sound but not a header.
        init?(decoding bytes: Span<UInt8>) throws(DAGCBORError) {
            var cursor = 0
            let map = try CBORHead.read(from: bytes, at: &cursor)
            guard map.type == .map, (1...2).contains(map.value) else { return nil }
            for _ in 0..<map.value {
                let key = try CBORHead.read(from: bytes, at: &cursor)
                guard key.type == .text else { return nil }
                let text = try Self.content(key, of: bytes, at: &cursor)
                if bytes.copied(text) == rootsKey, roots == nil {
                    guard let list = try Self.roots(in: bytes, at: &cursor) else { return nil }
                    roots = list
                } else if bytes.copied(text) == versionKey, version == nil {
                    let number = try CBORHead.read(from: bytes, at: &cursor)
                    guard number.type == .unsigned else { return nil }
                    version = number.value
                } else {
                    return nil
                }
            }
            guard cursor == bytes.count else { throw .trailingBytes(offset: cursor) }
        }

        private static func roots(
            in bytes: Span<UInt8>, at cursor: inout Int
        ) throws(DAGCBORError) -> [CID]? {
            let start = cursor
            let list = try CBORHead.read(from: bytes, at: &cursor)
            guard list.type == .array else { return nil }
            // A link takes at least a tag, a length, the zero byte and a four-byte CID, so that
            // no count gets past this check that the bytes at hand cannot back.
            guard list.value <= UInt64((bytes.count - cursor) / 8) else {
                throw .truncated(offset: start)
            }
            var roots: [CID] = []
            roots.reserveCapacity(Int(list.value))
            for _ in 0..<list.value {
                let start = cursor
                let tag = try CBORHead.read(from: bytes, at: &cursor)
                guard tag.type == .tag, tag.value == 42 else { return nil }
                let string = try CBORHead.read(from: bytes, at: &cursor)
                guard string.type == .bytes else { throw .linkForm(offset: start) }
                let content = try content(string, of: bytes, at: &cursor)
                guard !content.isEmpty, bytes[content.lowerBound] == 0 else {
                    throw .linkForm(offset: start)
                }
                do {
                    roots.append(try CID(bytes.copied(content.dropFirst())))
                } catch {
                    throw .link(offset: start, error)
                }
            }
            return roots
        }

        private static func content(
            _ head: CBORHead, of bytes: Span<UInt8>, at cursor: inout Int
        ) throws(DAGCBORError) -> Range<Int> {
            guard head.value <= UInt64(bytes.count - cursor) else {
                throw .truncated(offset: cursor)
            }
            let start = cursor
            cursor += Int(head.value)
            return start..<cursor
        }
    }
}
