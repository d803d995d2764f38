// SPDX-License-Identifier: Apache-2.0

import Libp2p

/// A value that somebody puts, and that is what its key asks for.
public struct DHTValue: Hashable, Sendable {
    /// What it is stored under.
    public let key: RecordKey
    /// The value itself.
    public let bytes: [UInt8]
    /// Until when it holds, as time since 1970; nil if it says nothing of that.
    public let validUntil: Duration?
    /// Which of two values is newer: the higher one.
    private let sequence: UInt64

    /// Checks the value that is to be stored under `key`; whether it still holds is not looked at.
    ///
    /// - Throws: ``ServerRefusal`` with `otherPublicKey` or `invalidName`.
    public init(_ bytes: [UInt8], for key: RecordKey) throws(ServerRefusal) {
        switch key {
        case .publicKey(let peer):
            // What is no key at all is as wrong as the key of another peer.
            guard let known = try? PublicKey(protobuf: bytes), known.peerID == peer else {
                throw .otherPublicKey
            }
            validUntil = nil
            sequence = 0
        case .ipns(let peer):
            do {
                let record = try IPNSRecord(bytes, of: peer)
                validUntil = record.validUntil
                sequence = record.sequence
            } catch { throw .invalidName(error) }
        }
        self.key = key
        self.bytes = bytes
    }

    /// Whether this value takes the place of `other`, which is of the same key.
    ///
    /// The higher sequence wins, then the later end, then the greater bytes: as everywhere else, so
    /// that all servers come to have the same. A value that comes again takes its own place.
    func replaces(_ other: DHTValue) -> Bool {
        let (end, otherEnd) = (validUntil ?? .zero, other.validUntil ?? .zero)
        guard (sequence, end) == (other.sequence, otherEnd) else {
            return (sequence, end) > (other.sequence, otherEnd)
        }
        return !bytes.lexicographicallyPrecedes(other.bytes)
    }
}
