// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// What may be believed of what a peer says of itself, and kept in the address book.
public struct IdentifiedPeer: Hashable, Sendable {
    /// Who.
    public let peerID: PeerID
    /// Its key, if it told; it fits ``peerID``.
    public let publicKey: PublicKey?
    /// Where it can be reached, without `/p2p` and without repetition.
    public let addresses: [Multiaddr]
    /// All that it speaks.
    public let protocols: Set<ProtocolID>
    /// Where it sees this side; a claim, to be weighed against others'.
    public let observedAddress: Multiaddr?
    /// A name of its family of protocols; any text.
    public let protocolVersion: String?
    /// A name of its program; any text, with at most 128 characters and no control characters.
    public let agentVersion: String?
    /// Its signed record, if that is genuine; the addresses are the record's then.
    public let record: PeerRecord?
    /// The record in its envelope, to be passed on.
    public let envelope: SignedEnvelope?
}

extension IdentifyMessage {
    /// Sorts out what may be believed of `peer`, met at `remoteAddress`.
    ///
    /// A signed record that is genuine and of this peer gives the addresses; one that is not is
    /// ignored, and the listed addresses are taken. Addresses that name another peer are left out;
    /// so are private and loopback ones of a peer that was met on the internet. Whether the record
    /// is newer than a stored one is for the address book to see.
    /// - Throws: ``IdentifyError`` if the message shows another peer's key.
    public func verified(
        for peer: PeerID, from remoteAddress: Multiaddr
    ) throws(IdentifyError) -> IdentifiedPeer {
        var key: PublicKey?
        if let publicKey {
            do { key = try PublicKey(protobuf: publicKey) } catch { throw .key(error) }
            guard key?.peerID == peer else { throw .otherPeer }
        }
        var record: (record: PeerRecord, envelope: SignedEnvelope)?
        // A record that is not genuine is ignored, as if it were not there.
        if let signedPeerRecord, let opened = try? PeerRecord.open(signedPeerRecord),
            opened.record.peerID == peer
        {
            record = opened
        }
        return IdentifiedPeer(
            peerID: peer, publicKey: key,
            addresses: Self.usable(
                record?.record.addresses ?? listenAddresses, of: peer,
                onlyPublic: remoteAddress.isPublic),
            protocols: Set(protocols), observedAddress: observedAddress,
            protocolVersion: protocolVersion.map(Self.printable),
            agentVersion: agentVersion.map(Self.printable), record: record?.record,
            envelope: record?.envelope)
    }

    private static func usable(
        _ addresses: [Multiaddr], of peer: PeerID, onlyPublic: Bool
    ) -> [Multiaddr] {
        var seen: Set<Multiaddr> = []
        var usable: [Multiaddr] = []
        for address in addresses where usable.count < maximumAddressCount {
            if let named = address.peerID, named != peer { continue }
            let address = address.withoutPeerID()
            if address.peerID != nil || address.isUnspecified { continue }
            if onlyPublic && address.isPrivate { continue }
            if seen.insert(address).inserted { usable.append(address) }
        }
        return usable
    }

    /// What can be shown in a terminal.
    private static func printable(_ text: String) -> String {
        let shown = text.unicodeScalars.filter { $0.properties.generalCategory != .control }
        return String(String(String.UnicodeScalarView(shown)).prefix(128))
    }
}
