// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import NIOCore
import Synchronization

extension SocketHost: SocketConnection.Owner {
    /// How often connections are counted and, if there are too many, closed.
    private static let maintenanceInterval = Duration.seconds(5)

    /// Takes in a connection whose upgrade is done.
    ///
    /// On its event loop.
    ///
    /// - Throws: ``HostError`` if there may be no connection, or not one more, to the peer.
    func establish(
        _ established: ConnectionUpgrade.Established, id: UInt64, setup: ConnectionSetup,
        on channel: any Channel, handler: ConnectionHandler
    ) throws -> SocketConnection {
        let peer = established.remoteKey.peerID
        guard peer != peerID else { throw HostError(.denied, "that is this host itself") }
        guard options.filter.allows(peer) else {
            throw HostError(.denied, peer: peer, "the filter does not allow the peer")
        }
        let connection = SocketConnection(
            id: id, established, on: channel, handler: handler, setup: setup, owner: self)
        let now = time.now()
        try state.withLock { state in
            guard state.phase == .running, var ticket = state.tickets[id] else {
                throw HostError(.closed, "the host is closed")
            }
            do { try state.ledger.establish(&ticket, peer: peer) } catch {
                throw HostError(.limit, peer: peer, "too many connections to the peer")
            }
            state.tickets[id] = ticket
            state.accepted[id] = nil
            state.keeper.opened(id, to: peer, isInbound: setup.isInbound, now: now)
            addressBook.setPublicKey(established.remoteKey, of: peer)
            if state.table.add(connection) { observers.enqueue(.connected(peer)) }
        }
        observers.deliver()
        _ = pool.add { await self.identify(connection) }
        trim()
        return connection
    }

    func connectionClosed(_ connection: SocketConnection) {
        let now = time.now()
        state.withLock { state in
            state.keeper.closed(connection.id)
            state.observed.closed(
                connection.id, at: connection.remoteAddress, isInbound: connection.isInbound,
                now: now)
            if let ticket = state.tickets.removeValue(forKey: connection.id) {
                state.ledger.close(ticket)
            }
            let peer = connection.remotePeer
            if state.table.remove(connection) {
                state.agents[peer] = nil
                addressBook.disconnected(peer)
                observers.enqueue(.disconnected(peer))
            }
        }
        observers.deliver()
    }

    /// Ends the connection that holds most: it may have come to that slowly, and the one that
    /// finds no room be any.
    func memoryRanOut(on connection: SocketConnection) {
        guard connection.unreadByteCount <= options.limits.memoryByteCountPerConnection else {
            return connection.abort()
        }
        let all = state.withLock { $0.table.all }
        let sizes = all.map { (connection: $0, byteCount: $0.unreadByteCount) }
        sizes.max { $0.byteCount < $1.byteCount }?.connection.abort()
    }

    /// Uncounts a connection that did not come about.
    func release(_ id: UInt64) {
        state.withLock { state in
            state.accepted[id] = nil
            if let ticket = state.tickets.removeValue(forKey: id) { state.ledger.close(ticket) }
        }
    }

    /// Closes what connections there are too many of.
    private func trim() {
        let now = time.now()
        let excess = state.withLock { state in
            state.keeper.excess(now: now).compactMap { state.table[$0] }
        }
        for connection in excess { connection.close() }
    }

    /// Looks after the number of connections, and what peers said long ago, until the task is
    /// cancelled.
    func maintain() async {
        while !Task.isCancelled {
            // A cancellation ends the wait, and then the loop.
            try? await ContinuousClock().sleep(for: Self.maintenanceInterval)
            trim()
            updateAddresses()
        }
    }

    /// Stops listening and ends all connections.
    func shutDown() async {
        let (listeners, accepted, connections, dials) = state.withLock { state in
            state.phase = .closed
            defer { (state.listeners, state.dials) = ([], [:]) }
            return (
                state.listeners, Array(state.accepted.values), state.table.all,
                state.dials.values.flatMap(\.self)
            )
        }
        for dial in dials { dial.fulfil(.failure(HostError(.closed, "the host is closed"))) }
        for channel in listeners + accepted {
            // It is closed then, whatever the system says.
            try? await channel.close()
        }
        for connection in connections { connection.close() }
        for connection in connections { await connection.closeAndWait() }
    }
}
