// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// The protobuf message of a record, not checked yet.
///
/// Of two fields of the same number the last one counts, as protobuf has it.
struct IPNSEntry {
    /// The signature of version 2, over ``data``.
    private(set) var signature: ArraySlice<UInt8> = []
    /// The signed fields, DAG-CBOR.
    private(set) var data: ArraySlice<UInt8> = []
    /// The signer's key, where its name does not hold it.
    private var key: ArraySlice<UInt8> = []

    // What readers of version 1 look at. Its signature leaves out the sequence, and is not checked.
    private var oldSignature: ArraySlice<UInt8> = []
    private var value: ArraySlice<UInt8> = []
    private var validityType: UInt64 = 0
    private var validity: ArraySlice<UInt8> = []
    private var sequence: UInt64 = 0
    private var timeToLive: UInt64 = 0

    /// Reads a message; its slices share the storage of `bytes`.
    init(_ bytes: [UInt8]) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: value = try reader.bytes()
            case 2: oldSignature = try reader.bytes()
            case 3: validityType = try reader.varint()
            case 4: validity = try reader.bytes()
            case 5: sequence = try reader.varint()
            case 6: timeToLive = try reader.varint()
            case 7: key = try reader.bytes()
            case 8: signature = try reader.bytes()
            case 9: data = try reader.bytes()
            default: try reader.skip(type)
            }
        }
    }

    /// The key of `peer`: the one in the message, or else the one that the name holds.
    ///
    /// - Throws: ``IPNSError`` with `key`, `otherKey` or `noKey`.
    func publicKey(of peer: PeerID) throws(IPNSError) -> PublicKey {
        guard !key.isEmpty else {
            guard let key = peer.publicKey else { throw .noKey }
            return key
        }
        let key: PublicKey
        do { key = try PublicKey(protobuf: Array(self.key)) } catch { throw .key(error) }
        guard key.peerID == peer else { throw .otherKey }
        return key
    }

    /// Checks that readers of version 1, if the record is for them, too, see the same.
    ///
    /// - Throws: ``IPNSError`` with `copy`.
    func checkCopies(of data: IPNSData) throws(IPNSError) {
        guard !oldSignature.isEmpty || !value.isEmpty else { return }
        guard value.elementsEqual(data.value) else { throw .copy(.value) }
        guard validity.elementsEqual(data.validity) else { throw .copy(.validity) }
        guard validityType == data.validityType else { throw .copy(.validityType) }
        guard sequence == data.sequence else { throw .copy(.sequence) }
        guard timeToLive == data.timeToLive else { throw .copy(.timeToLive) }
    }
}
