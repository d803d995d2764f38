// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// The connections that are up, by number and by peer.
struct ConnectionTable: Sendable {
    private var byID: [UInt64: SocketConnection] = [:]
    private var byPeer: [PeerID: [SocketConnection]] = [:]

    var peers: [PeerID] { Array(byPeer.keys) }
    var all: [SocketConnection] { Array(byID.values) }

    subscript(id: UInt64) -> SocketConnection? { byID[id] }

    /// The connections to `peer`, oldest first.
    func connections(to peer: PeerID) -> [SocketConnection] { byPeer[peer] ?? [] }

    func contains(_ peer: PeerID) -> Bool { byPeer[peer] != nil }

    /// Adds a connection; whether it is the first to its peer.
    mutating func add(_ connection: SocketConnection) -> Bool {
        byID[connection.id] = connection
        byPeer[connection.remotePeer, default: []].append(connection)
        return byPeer[connection.remotePeer]?.count == 1
    }

    /// Removes a connection; whether it was the last to its peer.
    mutating func remove(_ connection: SocketConnection) -> Bool {
        guard byID.removeValue(forKey: connection.id) != nil else { return false }
        byPeer[connection.remotePeer]?.removeAll { $0.id == connection.id }
        guard byPeer[connection.remotePeer]?.isEmpty == true else { return false }
        byPeer[connection.remotePeer] = nil
        return true
    }
}
