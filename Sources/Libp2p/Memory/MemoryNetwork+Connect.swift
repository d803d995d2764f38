// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Synchronization

extension MemoryNetwork {
    func connect(_ host: MemoryHost, to peer: PeerID, at addresses: [Multiaddr]) async throws {
        guard peer != host.peerID else {
            throw HostError(.denied, peer: peer, "that is this host itself")
        }
        let candidates = addresses.map { $0.withoutPeerID() } + host.addressBook.addresses(of: peer)
        guard !candidates.isEmpty else {
            throw HostError(.noAddress, peer: peer, "no address is known")
        }
        try check(.dial(from: host.peerID, to: peer))
        let near = host.peerID
        try await pause((latency(from: near, to: peer) + latency(from: peer, to: near)) * 2)
        let hosts = try link(host, to: peer, at: candidates)
        for host in hosts { host.observers.deliver() }
    }

    private func link(
        _ host: MemoryHost, to peer: PeerID, at candidates: [Multiaddr]
    ) throws -> [MemoryHost] {
        try state.withLock { state in
            guard let own = state.records[host.peerID] else {
                throw HostError(.closed, "the host was closed")
            }
            if own.links[peer] != nil { return [] }
            let found = candidates.compactMap { state.byAddress[$0] }
            guard found.contains(peer), let other = state.records[peer] else {
                if let other = found.first {
                    throw HostError(.wrongPeer, peer: peer, "at its address is \(other)")
                }
                throw HostError(.dialFailed, peer: peer, "nobody listens there")
            }
            let link = MemoryLink()
            state.records[host.peerID]?.links[peer] = link
            state.records[peer]?.links[host.peerID] = link
            for (near, far) in [(own, other), (other, own)] {
                near.host.observers.enqueue(.connected(far.host.peerID))
                Self.introduce(far, to: near)
            }
            return [own.host, other.host]
        }
    }

    /// Tells `near` what `far` speaks and where it listens, as identify does.
    private static func introduce(_ far: Record, to near: Record) {
        let peer = far.host.peerID
        let protocols = far.handlers.protocols
        near.host.addressBook.replace(
            far.addresses, of: peer, lifetime: AddressLifetime.connected)
        near.host.addressBook.setProtocols(protocols, of: peer)
        near.host.observers.enqueue(.identified(peer, protocols: protocols))
    }

    /// Tells all that `peer` is connected to what it speaks now, as identify push does.
    func identify(_ peer: PeerID) {
        let told = state.withLock { state -> [MemoryHost] in
            guard let record = state.records[peer] else { return [] }
            let others = record.links.keys.compactMap { state.records[$0] }
            for other in others { Self.introduce(record, to: other) }
            return others.map(\.host)
        }
        for host in told { host.observers.deliver() }
    }

    func openStream(
        from host: MemoryHost, to peer: PeerID, for protocols: [ProtocolID]
    ) async throws -> any PeerStream {
        let near = host.peerID
        try check(.stream(from: near, to: peer, protocols: protocols))
        let out = latency(from: near, to: peer)
        let back = latency(from: peer, to: near)
        try await pause(out + back)
        let pipes = (
            out: MemoryPipe(network: self, capacity: windowByteCount, latency: out),
            back: MemoryPipe(network: self, capacity: windowByteCount, latency: back)
        )
        return try state.withLock { state in
            guard let own = state.records[near], let link = own.links[peer],
                let other = state.records[peer]
            else { throw HostError(.connectionClosed, peer: peer, "the connection ended") }
            guard let chosen = protocols.first(where: { other.handlers.contains($0) }) else {
                throw HostError(
                    .unsupportedProtocol, peer: peer, "it speaks none of \(protocols)")
            }
            guard
                case .admitted(let ticket, let handler)? =
                    state.records[peer]?.handlers.admit(chosen, from: near)
            else { throw HostError(.limit, peer: peer, "too many streams of \(chosen)") }
            let ends = link.add { id in
                let outbound = MemoryStream(
                    chosen, to: peer, at: other.addresses.first ?? Multiaddr(components: []),
                    isOutbound: true, pipes: (pipes.back, pipes.out), link: link, id: id)
                let inbound = MemoryStream(
                    chosen, to: near, at: own.addresses.first ?? Multiaddr(components: []),
                    isOutbound: false, pipes: (pipes.out, pipes.back), link: link, id: id)
                return (kept: outbound, result: (outbound, inbound))
            }
            guard let (outbound, inbound) = ends else {
                state.records[peer]?.handlers.release(ticket)
                throw HostError(.connectionClosed, peer: peer, "the connection ended")
            }
            other.host.serve(inbound, ticket, handler)
            return outbound
        }
    }

    func release(_ ticket: StreamHandlers.Ticket, of peer: PeerID) {
        state.withLock { $0.records[peer]?.handlers.release(ticket) }
    }

    func remove(_ host: MemoryHost) {
        state.withLock { state in
            guard let record = state.records.removeValue(forKey: host.peerID) else { return }
            for address in record.addresses where state.byAddress[address] == host.peerID {
                state.byAddress[address] = nil
            }
        }
    }
}
