// SPDX-License-Identifier: Apache-2.0

extension CID {
    /// The longest text that is parsed, in UTF-8 bytes; the longest CID takes 299 in base 16.
    public static let maximumTextByteCount = 320

    /// Parses the text of a CID: 46 characters that start with `Qm` are version 0 in base58btc;
    /// all other text is multibase with a version 1 CID in it.
    ///
    /// - Throws: ``CIDTextError``.
    public init(text: String) throws(CIDTextError) {
        let byteCount = text.utf8.count
        guard byteCount <= Self.maximumTextByteCount else { throw .tooLong(byteCount: byteCount) }
        let bytes: [UInt8]
        let isVersion0 = byteCount == 46 && text.hasPrefix("Qm")
        do {
            bytes =
                isVersion0
                ? try MultibaseEncoding.base58btc.decode(text) : try Multibase.decode(text).bytes
        } catch { throw .multibase(error) }
        do { self = try CID(bytes) } catch { throw .cid(error) }
        guard isVersion0 == (version == .v0) else { throw .wrongVersion }
    }

    /// The text in `encoding`; version 0 has only one text, base58btc without a multibase prefix.
    ///
    /// - Complexity: O(CID length), squared for bases 36 and 58.
    public func text(in encoding: MultibaseEncoding) -> String {
        switch version {
        case .v0: MultibaseEncoding.base58btc.encode(bytes.span)
        case .v1: Multibase.encode(bytes.span, in: encoding)
        }
    }

    /// The version 1 CID of the same block in the same codec.
    public func toV1() -> CID {
        version == .v1 ? self : CID(v1: codec, multihash)
    }

    /// The version 0 CID of the same block; nil unless it is DAG-PB with a whole sha2-256 digest.
    public func toV0() -> CID? {
        guard codec == .dagPB else { return nil }
        return version == .v0 ? self : CID(v0: multihash)
    }
}

extension CID: CustomStringConvertible {
    /// The usual text: base58btc for version 0, base 32 for version 1.
    public var description: String { text(in: .base32) }
}

/// Why text is not a CID.
public enum CIDTextError: Error, Hashable, Sendable {
    /// The text is longer than ``CID/maximumTextByteCount``.
    case tooLong(byteCount: Int)
    /// The text is not multibase, or its 46 characters from `Qm` on not base58btc.
    case multibase(MultibaseError)
    /// The decoded bytes are not a CID; offsets are those of the bytes.
    case cid(CIDError)
    /// A version 0 CID behind a multibase prefix, or version 1 in the text form of version 0.
    case wrongVersion
}

extension CIDTextError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .tooLong(let byteCount):
            "a CID has at most \(CID.maximumTextByteCount) characters, not \(byteCount)"
        case .multibase(let error): error.description
        case .cid(let error): error.description
        case .wrongVersion: "the CID's version and the form of its text do not fit"
        }
    }
}
