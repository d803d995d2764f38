// SPDX-License-Identifier: Apache-2.0

package import Multiformats

/// Which protocols a host answers, by whom, and how many streams of each are open.
///
/// A value without lock: the host keeps it under its own.
package struct StreamHandlers: Sendable {
    /// Answers one stream.
    package typealias Handler = @Sendable (any PeerStream) async throws -> Void

    /// What ``admit(_:from:)`` found.
    package enum Admission: Sendable {
        /// The stream counts now; ``release(_:)`` it when it has ended.
        case admitted(Ticket, Handler)
        /// Nobody answers this protocol.
        case unsupported
        /// As many streams as the protocol's limits allow are open.
        case limit
    }

    /// One stream that counts against its protocol's limits.
    package struct Ticket: Hashable, Sendable {
        fileprivate let protocolID: ProtocolID
        fileprivate let peer: PeerID
    }

    private struct Entry {
        var handler: Handler
        var limits: StreamLimits
    }

    private struct Count {
        var total = 0
        var byPeer: [PeerID: Int] = [:]
    }

    private var entries: [ProtocolID: Entry] = [:]
    private var counts: [ProtocolID: Count] = [:]

    /// Answers nothing.
    package init() {}

    /// What is answered.
    package var protocols: Set<ProtocolID> { Set(entries.keys) }

    /// Whether `id` is answered.
    package func contains(_ id: ProtocolID) -> Bool { entries[id] != nil }

    /// Answers `protocols` by `handler`, in place of whoever did so before.
    package mutating func handle(
        _ protocols: [ProtocolID], limits: StreamLimits, _ handler: @escaping Handler
    ) {
        for id in protocols { entries[id] = Entry(handler: handler, limits: limits) }
    }

    /// Answers `protocols` no longer.
    package mutating func stopHandling(_ protocols: [ProtocolID]) {
        for id in protocols { entries[id] = nil }
    }

    /// Counts a new stream of `id` from `peer`, if it may be.
    package mutating func admit(_ id: ProtocolID, from peer: PeerID) -> Admission {
        guard let entry = entries[id] else { return .unsupported }
        let total = counts[id]?.total ?? 0
        let ofPeer = counts[id]?.byPeer[peer] ?? 0
        guard total < entry.limits.total, ofPeer < entry.limits.perPeer else { return .limit }
        counts[id, default: Count()].total = total + 1
        counts[id, default: Count()].byPeer[peer] = ofPeer + 1
        return .admitted(Ticket(protocolID: id, peer: peer), entry.handler)
    }

    /// Forgets a stream that has ended; call once per ticket.
    package mutating func release(_ ticket: Ticket) {
        let id = ticket.protocolID
        guard let total = counts[id]?.total, let ofPeer = counts[id]?.byPeer[ticket.peer] else {
            preconditionFailure("released a stream of \(id) that was not admitted")
        }
        if total == 1 {
            counts[id] = nil
        } else {
            counts[id]?.total = total - 1
            counts[id]?.byPeer[ticket.peer] = ofPeer == 1 ? nil : ofPeer - 1
        }
    }
}
