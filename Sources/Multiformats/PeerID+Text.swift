// SPDX-License-Identifier: Apache-2.0

extension PeerID: CustomStringConvertible {
    /// Parses the text of a peer ID: base58btc of the multihash, which starts with `Qm` or `1`, or
    /// a CID with codec libp2p-key.
    ///
    /// - Throws: ``PeerIDError``.
    public init(text: String) throws(PeerIDError) {
        guard text.utf8.count <= CID.maximumTextByteCount else { throw .text }
        if text.hasPrefix("Qm") || text.hasPrefix("1") {
            let bytes: [UInt8]
            do { bytes = try MultibaseEncoding.base58btc.decode(text) } catch { throw .text }
            try self.init(bytes)
            return
        }
        let cid: CID
        do { cid = try CID(text: text) } catch { throw .text }
        guard cid.codec == .libp2pKey else { throw .otherCodec(cid.codec) }
        try self.init(cid.multihash)
    }

    /// The usual text: base58btc of the multihash.
    public var description: String { MultibaseEncoding.base58btc.encode(bytes.span) }

    /// The CID of the peer's key, for texts in other bases.
    public var cid: CID { CID(v1: .libp2pKey, multihash) }
}

extension PeerIDError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .multihash(let error): error.description
        case .notAPeerID: "neither an inline key nor a sha2-256 multihash"
        case .text: "neither base58 of a peer ID nor a CID"
        case .otherCodec(let codec): "a CID of codec \(codec), not libp2p-key"
        }
    }
}
