// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// Writes the ADD_PROVIDER messages of one provider, many into one buffer.
///
/// They differ in their keys only, so the rest is encoded once.
struct Announcement {
    /// Kind, with its tag.
    private static let head: [UInt8] = [0x08, UInt8(KademliaMessage.Kind.addProvider.rawValue)]
    /// Tag of the key.
    private static let keyTag: UInt8 = 0x12

    /// The field with the provider.
    private let tail: [UInt8]
    /// Messages that wait to be written, each with its length before it.
    private(set) var buffer: [UInt8] = []

    /// Announces for `provider`; `capacity` bytes are set aside.
    init(_ provider: PeerInfo, capacity: Int) {
        var writer = ProtobufWriter()
        writer.bytes(9, provider.kademliaEntry)
        tail = writer.bytes
        buffer.reserveCapacity(capacity)
    }

    /// Appends the message for one key.
    ///
    /// - Complexity: O(length); does not allocate while there is capacity.
    mutating func append(_ multihash: Multihash) {
        let key = multihash.bytes
        let byteCount =
            Self.head.count + 1 + Varint.byteCount(of: UInt64(key.count)) + key.count + tail.count
        Varint.append(UInt64(byteCount), to: &buffer)
        buffer += Self.head
        buffer.append(Self.keyTag)
        Varint.append(UInt64(key.count), to: &buffer)
        buffer += key
        buffer += tail
    }

    /// Empties the buffer, of which the capacity stays.
    mutating func removeAll() { buffer.removeAll(keepingCapacity: true) }
}
