// SPDX-License-Identifier: Apache-2.0

import Libp2p
public import Multiformats

/// What a name points at: a record that the peer of that name has signed.
///
/// Spec: <https://specs.ipfs.tech/ipns/ipns-record/>.
public struct IPNSRecord: Hashable, Sendable {
    /// The longest record that is read, in bytes; the specification's limit.
    public static let maximumByteCount = 10 << 10

    /// The record as it travels, a protobuf message.
    public let bytes: [UInt8]
    /// The path that the name points at, such as `/ipfs/` and a CID; anything, as it is not read.
    public let value: [UInt8]
    /// Which of two records is newer: the higher one.
    public let sequence: UInt64
    /// Until when the record holds, as time since 1970 (UTC).
    public let validUntil: Duration
    /// How long readers may keep the value before they ask again.
    public let timeToLive: Duration

    /// Reads a record and checks that `peer` has signed it.
    ///
    /// Whether it still holds, and is the newest, is for the caller to see.
    /// - Throws: ``IPNSError``.
    /// - Complexity: O(bytes), and what ``PublicKey/verify(_:of:)`` takes.
    public init(_ bytes: [UInt8], of peer: PeerID) throws(IPNSError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw .tooLong(byteCount: bytes.count)
        }
        let entry: IPNSEntry
        do { entry = try IPNSEntry(bytes) } catch { throw .message(error) }
        guard !entry.signature.isEmpty, !entry.data.isEmpty else { throw .unsigned }
        let key = try entry.publicKey(of: peer)
        guard key.verify(entry.signature, of: Self.signedBytes(entry.data)) else {
            throw .signature
        }
        let data = try IPNSData(entry.data)
        try entry.checkCopies(of: data)
        guard data.validityType == 0 else { throw .field(.validityType) }
        guard let validUntil = Duration(rfc3339: data.validity) else { throw .field(.validity) }
        self.bytes = bytes
        value = data.value
        sequence = data.sequence
        self.validUntil = validUntil
        timeToLive = .nanoseconds(data.timeToLive)
    }

    /// What is signed of a record whose signed fields are `data`.
    public static func signedBytes(_ data: some Sequence<UInt8>) -> [UInt8] {
        Array("ipns-signature:".utf8) + data
    }
}
