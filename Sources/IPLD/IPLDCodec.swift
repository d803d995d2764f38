// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// The codecs by their multicodec code: raw, DAG-PB, DAG-CBOR and DAG-JSON.
public enum IPLDCodec {
    /// Decodes the bytes of a block.
    ///
    /// - Throws: ``IPLDCodecError``.
    /// - Complexity: that of the codec.
    public static func decode(
        _ codec: Multicodec, _ bytes: Span<UInt8>
    ) throws(IPLDCodecError) -> IPLDValue {
        switch codec {
        case .raw: return .bytes(bytes.copied(0..<bytes.count))
        case .dagPB:
            let node: PBNode
            do { node = try PBNode(decoding: bytes) } catch { throw .dagPB(error) }
            do { return try node.dataModel() } catch { throw .dagPBForm(error) }
        case .dagCBOR: do { return try DAGCBOR.decode(bytes) } catch { throw .dagCBOR(error) }
        case .dagJSON: do { return try DAGJSON.decode(bytes) } catch { throw .dagJSON(error) }
        default: throw .unsupportedCodec(codec)
        }
    }

    /// Encodes a value to the bytes of a block.
    ///
    /// - Throws: ``IPLDCodecError``.
    /// - Complexity: that of the codec.
    public static func encode(
        _ codec: Multicodec, _ value: IPLDValue
    ) throws(IPLDCodecError) -> [UInt8] {
        switch codec {
        case .raw:
            guard case .bytes(let bytes) = value else { throw .notBytes }
            return bytes
        case .dagPB:
            do { return try PBNode(dataModel: value).encode() } catch { throw .dagPBForm(error) }
        case .dagCBOR: do { return try DAGCBOR.encode(value) } catch { throw .dagCBOR(error) }
        case .dagJSON: do { return try DAGJSON.encode(value) } catch { throw .dagJSON(error) }
        default: throw .unsupportedCodec(codec)
        }
    }

    /// The CIDs that a block links to, in the order of the block's links for DAG-PB, and in that
    /// of sorted keys for the others; a CID that is linked twice is given twice.
    ///
    /// - Throws: ``IPLDCodecError``.
    /// - Complexity: O(block length). For DAG-PB one allocation per link, for raw none.
    public static func links(of block: Block) throws(IPLDCodecError) -> [CID] {
        var links: [CID] = []
        switch block.cid.codec {
        case .raw: break
        case .dagPB:
            let bytes = block.bytes.span
            do throws(DAGPBError) {
                var cursor = PBFieldCursor()
                while let field = try cursor.next(in: bytes) {
                    if case .link(let link) = field { links.append(try link.cid(in: bytes)) }
                }
            } catch {
                throw .dagPB(error)
            }
        default: try decode(block.cid.codec, block.bytes.span).appendLinks(to: &links)
        }
        return links
    }
}

/// Why a block cannot be decoded, or a value not be encoded.
public enum IPLDCodecError: Error, Hashable, Sendable {
    /// The codec is none of those known here.
    case unsupportedCodec(Multicodec)
    /// A value other than bytes has no raw form.
    case notBytes
    /// The block is not DAG-PB.
    case dagPB(DAGPBError)
    /// The value is not a DAG-PB node, or the node has no value.
    case dagPBForm(DAGPBFormError)
    /// The block is not DAG-CBOR, or the value cannot be written so.
    case dagCBOR(DAGCBORError)
    /// The block is not DAG-JSON, or the value cannot be written so.
    case dagJSON(DAGJSONError)
}

extension IPLDCodecError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .unsupportedCodec(let codec): "the codec \(codec) is not supported"
        case .notBytes: "the value is not bytes"
        case .dagPB(let error): "not DAG-PB: \(error)"
        case .dagPBForm(let error): "not a DAG-PB node: \(error)"
        case .dagCBOR(let error): "not DAG-CBOR: \(error)"
        case .dagJSON(let error): "not DAG-JSON: \(error)"
        }
    }
}
