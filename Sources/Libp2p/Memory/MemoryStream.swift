// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// One end of a stream of a ``MemoryNetwork``.
final class MemoryStream: PeerStream {
    let protocolID: ProtocolID
    let remotePeer: PeerID
    let remoteAddress: Multiaddr
    let isOutbound: Bool
    private let incoming: MemoryPipe
    private let outgoing: MemoryPipe
    private let link: MemoryLink
    private let id: UInt64

    init(
        _ protocolID: ProtocolID, to peer: PeerID, at address: Multiaddr, isOutbound: Bool,
        pipes: (incoming: MemoryPipe, outgoing: MemoryPipe), link: MemoryLink, id: UInt64
    ) {
        self.protocolID = protocolID
        remotePeer = peer
        remoteAddress = address
        self.isOutbound = isOutbound
        incoming = pipes.incoming
        outgoing = pipes.outgoing
        self.link = link
        self.id = id
    }

    func read(atMost limit: Int) async throws -> [UInt8]? {
        try await incoming.read(atMost: limit)
    }

    func write(_ bytes: [UInt8]) async throws { try await outgoing.write(bytes) }

    func closeWrite() async throws {
        try outgoing.finish()
        leaveLinkIfEnded()
    }

    func close() async {
        // A stream that has failed is ended already.
        try? outgoing.finish()
        incoming.discard()
        leaveLinkIfEnded()
    }

    func reset() { fail(.reset) }

    /// Ends both directions for both sides.
    func fail(_ error: PeerStreamError) {
        incoming.fail(error)
        outgoing.fail(error)
        link.remove(id)
    }

    private func leaveLinkIfEnded() {
        if incoming.hasEnded, outgoing.hasEnded { link.remove(id) }
    }
}
