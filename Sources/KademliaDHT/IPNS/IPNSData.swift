// SPDX-License-Identifier: Apache-2.0

import IPLD

/// The signed fields of a record: a DAG-CBOR map, which may hold others as well.
struct IPNSData {
    let value: [UInt8]
    let validityType: UInt64
    let validity: [UInt8]
    let sequence: UInt64
    /// In nanoseconds.
    let timeToLive: UInt64

    /// Reads the map.
    ///
    /// - Throws: ``IPNSError`` with `data` or `field`.
    init(_ bytes: ArraySlice<UInt8>) throws(IPNSError) {
        let decoded: IPLDValue
        do { decoded = try DAGCBOR.decode(bytes.span) } catch { throw .data(error) }
        // What is no map has none of the fields.
        let fields: IPLDMap = if case .map(let map) = decoded { map } else { [:] }
        value = try Self.bytes(.value, in: fields)
        validityType = try Self.number(.validityType, in: fields)
        validity = try Self.bytes(.validity, in: fields)
        sequence = try Self.number(.sequence, in: fields)
        timeToLive = try Self.number(.timeToLive, in: fields)
    }

    private static func bytes(
        _ field: IPNSError.Field, in fields: IPLDMap
    ) throws(IPNSError) -> [UInt8] {
        guard case .bytes(let bytes)? = fields[field.rawValue] else { throw .field(field) }
        return bytes
    }

    private static func number(
        _ field: IPNSError.Field, in fields: IPLDMap
    ) throws(IPNSError) -> UInt64 {
        guard case .integer(let number)? = fields[field.rawValue],
            let number = UInt64(exactly: number)
        else { throw .field(field) }
        return number
    }
}
