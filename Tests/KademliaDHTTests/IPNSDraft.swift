// SPDX-License-Identifier: Apache-2.0

import IPLD
import KademliaDHT
import Libp2p

/// A record of a name before it is signed; sound, and for old readers as well, unless changed.
struct IPNSDraft {
    /// What is signed.
    var fields: IPLDMap
    /// The unsigned copies; of another kind than a field is to have, none is written.
    var copies: IPLDMap
    /// Whether the signer's key goes along.
    var holdsKey = false
    /// Bytes in a field that nobody knows.
    var padding = 0

    init(
        _ path: String = "/ipfs/bafkqaddwgevxmmraojswg33smq",
        sequence: UInt64 = 7, until validity: String = "2100-01-01T00:00:00Z"
    ) {
        fields = [
            "Value": .bytes(Array(path.utf8)), "Validity": .bytes(Array(validity.utf8)),
            "ValidityType": .integer(0), "Sequence": .integer(Int128(sequence)),
            "TTL": .integer(300_000_000_000),
        ]
        copies = fields
    }

    /// The record, signed by `key`.
    func sealed(by key: PrivateKey) throws -> [UInt8] {
        try sealed(by: key, data: DAGCBOR.encode(.map(fields)))
    }

    /// The record with other signed bytes.
    func sealed(by key: PrivateKey, data: [UInt8]) throws -> [UInt8] {
        var writer = ProtobufWriter()
        write("Value", 1, to: &writer)
        // Old readers' signature: of no meaning, as nobody is to look at it.
        if !copies.isEmpty { writer.bytes(2, [1, 2, 3]) }
        write("ValidityType", 3, to: &writer)
        write("Validity", 4, to: &writer)
        write("Sequence", 5, to: &writer)
        write("TTL", 6, to: &writer)
        if holdsKey { writer.bytes(7, key.publicKey.protobuf) }
        writer.bytes(8, try key.sign(IPNSRecord.signedBytes(data)))
        writer.bytes(9, data)
        if padding > 0 { writer.bytes(100, [UInt8](repeating: 0, count: padding)) }
        return writer.bytes
    }

    private func write(_ name: String, _ field: Int, to writer: inout ProtobufWriter) {
        switch copies[name] {
        case .bytes(let bytes)?: writer.bytes(field, bytes)
        case .integer(let number)?: writer.varint(field, UInt64(clamping: number))
        default: break
        }
    }
}
