// SPDX-License-Identifier: Apache-2.0

public import Libp2p
import Multiformats

extension KademliaMessage {
    /// Reads a message, without the length before it.
    ///
    /// Peers whose ID, and addresses whose form, is not known are left out, as is all that is over
    /// the counts of ``KademliaLimits``; so memory stays within a small multiple of `bytes`.
    /// - Throws: ``ProtobufError``, with `invalid` for an unknown kind.
    /// - Complexity: O(bytes).
    public init(_ bytes: [UInt8]) throws(ProtobufError) {
        self.init(.putValue)
        var reader = ProtobufReader(bytes)
        while let (field, type) = try reader.next() {
            switch field {
            case 1:
                guard let kind = Kind(rawValue: try reader.varint()) else {
                    throw .invalid(field: 1)
                }
                self.kind = kind
            case 2: key = Array(try reader.bytes(atMost: KademliaLimits.keyByteCount))
            case 3: record = try KademliaRecord(try reader.bytes())
            case 8:
                try Self.append(
                    try reader.bytes(), to: &closerPeers, atMost: KademliaLimits.closerPeerCount)
            case 9:
                try Self.append(
                    try reader.bytes(), to: &providerPeers,
                    atMost: KademliaLimits.providerPeerCount)
            default: try reader.skip(type)
            }
        }
    }

    /// The message, without the length before it.
    ///
    /// - Complexity: O(length).
    public var bytes: [UInt8] {
        var writer = ProtobufWriter(reserving: 64 + key.count)
        // As in proto3, zero is not written: PUT_VALUE.
        if kind.rawValue != 0 { writer.varint(1, kind.rawValue) }
        if !key.isEmpty { writer.bytes(2, key) }
        if let record { writer.bytes(3, record.bytes) }
        for peer in closerPeers { writer.bytes(8, peer.kademliaEntry) }
        for peer in providerPeers { writer.bytes(9, peer.kademliaEntry) }
        return writer.bytes
    }

    /// Leaves out peers from the end of ``providerPeers`` until these fit `providerByteCount`, then
    /// from the end of ``closerPeers``, and at last more of ``providerPeers``, until the message
    /// fits `byteCount`.
    ///
    /// - Complexity: O(length).
    public mutating func trim(to byteCount: Int, providers providerByteCount: Int = .max) {
        // Tag and length of an entry take at most five bytes up to 8 KiB and beyond.
        func size(_ peer: PeerInfo) -> Int { peer.kademliaEntry.count + 5 }
        let fixed = KademliaMessage(kind, key: key, record: record).bytes.count
        var left = byteCount - fixed
        func fitting(_ peers: [PeerInfo], _ limit: Int) -> [PeerInfo] {
            var (count, taken) = (0, 0)
            for peer in peers {
                let needed = size(peer)
                guard needed <= min(limit, left) - taken else { break }
                taken += needed
                count += 1
            }
            left -= taken
            return Array(peers.prefix(count))
        }
        providerPeers = fitting(providerPeers, providerByteCount)
        closerPeers = fitting(closerPeers, left)
    }

    private static func append(
        _ entry: ArraySlice<UInt8>, to peers: inout [PeerInfo], atMost limit: Int
    ) throws(ProtobufError) {
        guard peers.count < limit, let peer = try PeerInfo(kademliaEntry: entry) else { return }
        peers.append(peer)
    }
}

extension PeerInfo {
    /// Reads the entry of a peer; nil if its ID is none.
    init?(kademliaEntry bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        var id: PeerID?
        var addresses: [Multiaddr] = []
        var reader = ProtobufReader(bytes)
        while let (field, type) = try reader.next() {
            switch field {
            case 1:
                let value = try reader.bytes()
                // Entries of peers with an ID of no known form are left out.
                id = try? PeerID(Array(value))
            case 2:
                let value = try reader.bytes()
                guard addresses.count < KademliaLimits.addressCount,
                    value.count <= KademliaLimits.addressByteCount,
                    // As are addresses of protocols that are not known here.
                    let address = try? Multiaddr(Array(value))
                else { continue }
                addresses.append(address)
            // The kind of connection that the sender claims to have says nothing to be trusted.
            default: try reader.skip(type)
            }
        }
        guard let id else { return nil }
        let own = addresses.compactMap { address -> Multiaddr? in
            guard let named = address.peerID else { return address }
            return named == id ? address.withoutPeerID() : nil
        }
        self.init(id: id, addresses: own)
    }

    /// The peer with its first addresses, no more than fit an entry.
    var cutToEntry: PeerInfo {
        // A tag each, and lengths of at most two bytes.
        var byteCount = id.bytes.count + 3
        let fitting = addresses.prefix(KademliaLimits.addressCount).prefix { address in
            byteCount += address.bytes.count + 3
            return byteCount <= KademliaLimits.peerEntryByteCount
        }
        return PeerInfo(id: id, addresses: Array(fitting))
    }

    /// The entry of the peer, with as many addresses as ``KademliaLimits`` allows.
    var kademliaEntry: [UInt8] {
        var writer = ProtobufWriter(reserving: 64)
        writer.bytes(1, id.bytes)
        for address in addresses.prefix(KademliaLimits.addressCount) {
            let limit = KademliaLimits.peerEntryByteCount
            // A tag, and a length of at most two bytes.
            guard writer.bytes.count + address.bytes.count + 3 <= limit else { break }
            writer.bytes(2, address.bytes)
        }
        return writer.bytes
    }
}

extension KademliaRecord {
    /// Reads a record.
    init(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        self.init(key: [], value: [])
        var reader = ProtobufReader(bytes)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: key = Array(try reader.bytes(atMost: KademliaLimits.keyByteCount))
            case 2: value = Array(try reader.bytes(atMost: KademliaLimits.valueByteCount))
            case 5: timeReceived = try reader.string(atMost: 64)
            default: try reader.skip(type)
            }
        }
    }

    /// The record as a message.
    var bytes: [UInt8] {
        var writer = ProtobufWriter(reserving: key.count + value.count + 64)
        if !key.isEmpty { writer.bytes(1, key) }
        if !value.isEmpty { writer.bytes(2, value) }
        if !timeReceived.isEmpty { writer.string(5, timeReceived) }
        return writer.bytes
    }
}
