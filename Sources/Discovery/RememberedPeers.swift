// SPDX-License-Identifier: Apache-2.0

public import Libp2p
import Multiformats

/// Peers that were connected once, for the next start; a value.
///
/// As text it has a line per address, `SECONDS ADDRESS`: when the peer was last seen, since 1970,
/// and the address with `/p2p`. Lines that are damaged, or of something newer, are left out.
public struct RememberedPeers: Hashable, Sendable {
    /// The most peers that are remembered; those seen longest ago are forgotten first.
    public static let maximumCount = 200
    /// The most addresses of each.
    public static let maximumAddressCount = 8
    /// The most text that is read.
    public static let maximumByteCount = 512 << 10

    private struct Entry: Hashable {
        var seenAt: Int64
        var addresses: [Multiaddr]
    }

    private var entries: [PeerID: Entry] = [:]

    /// Nobody.
    public init() {}

    /// Reads the text form; what cannot be read is left out, and so is a last line without its end.
    public init(text: some Collection<UInt8>) {
        let lines = text.prefix(Self.maximumByteCount).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for line in lines.dropLast() {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard parts.count == 2, let seenAt = Int64(String(decoding: parts[0], as: UTF8.self)),
                // A damaged line is no loss: its peer is met again.
                let address = try? Multiaddr(text: String(decoding: parts[1], as: UTF8.self)),
                let peer = address.peerID
            else { continue }
            add([address.withoutPeerID()], of: peer, seenAt: seenAt)
        }
        trim()
    }

    /// The text form.
    public var text: [UInt8] {
        var text: [UInt8] = []
        for (peer, entry) in ordered {
            for address in entry.addresses {
                text += Array("\(entry.seenAt) \(address.appending(.p2p(peer)))\n".utf8)
            }
        }
        return text
    }

    /// How many peers are remembered.
    public var count: Int { entries.count }

    /// The peers, those seen last first.
    public var peers: [PeerInfo] {
        ordered.map { PeerInfo(id: $0.0, addresses: $0.1.addresses) }
    }

    private var ordered: [(PeerID, Entry)] {
        entries.sorted { ($1.value.seenAt, $0.key) < ($0.value.seenAt, $1.key) }
    }

    /// Remembers a peer that is connected.
    ///
    /// - Parameters:
    ///   - addresses: replace those known, unless none of them can be dialled again.
    ///   - seenAt: seconds since 1970.
    public mutating func saw(_ peer: PeerInfo, at seenAt: Int64) {
        let dialable = peer.addresses.filter {
            !$0.isCircuit && !$0.isUnspecified && !$0.components.isEmpty
        }
        guard !dialable.isEmpty else { return }
        entries[peer.id] = nil
        add(dialable, of: peer.id, seenAt: seenAt)
        trim()
    }

    private mutating func add(_ addresses: [Multiaddr], of peer: PeerID, seenAt: Int64) {
        var entry = entries[peer] ?? Entry(seenAt: seenAt, addresses: [])
        entry.seenAt = max(entry.seenAt, seenAt)
        for address in addresses
        where entry.addresses.count < Self.maximumAddressCount
            && !entry.addresses.contains(address)
        {
            entry.addresses.append(address)
        }
        entries[peer] = entry
    }

    private mutating func trim() {
        guard entries.count > Self.maximumCount else { return }
        for (peer, _) in ordered.dropFirst(Self.maximumCount) { entries[peer] = nil }
    }
}
