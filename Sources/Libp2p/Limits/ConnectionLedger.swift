// SPDX-License-Identifier: Apache-2.0

package import Multiformats

/// Counts connections and streams against ``ResourceLimits``.
///
/// A value; the host keeps it under its lock. Time is passed in as the duration since an arbitrary
/// start.
package struct ConnectionLedger: Sendable {
    /// Which limit was met.
    package enum Refusal: Error, Hashable, Sendable {
        /// Connections in all.
        case connections
        /// Inbound connections in all.
        case inboundConnections
        /// Handshakes at once.
        case handshakes
        /// Connections with the address or its network.
        case address
        /// Connections that the address opened lately.
        case rate
        /// Connections with the peer.
        case peer
    }

    /// A connection that counts.
    ///
    /// Give it back by ``close(_:)``, once.
    package struct Ticket: Sendable {
        fileprivate let isInbound: Bool
        fileprivate let networks: [[UInt8]]
        fileprivate var peer: PeerID?
    }

    private struct StreamCount {
        var inbound = 0
        var outbound = 0
    }

    /// Tokens of a bucket that fills by one in `acceptInterval`, up to `acceptBurst`.
    private struct Bucket {
        var tokens: Double
        var updated: Duration
    }

    /// Most buckets that are kept, about 100 B each.
    private static let maximumBucketCount = 4096

    private let limits: ResourceLimits
    private var inbound = 0
    private var outbound = 0
    private var handshakes = 0
    private var byNetwork: [[UInt8]: Int] = [:]
    private var byPeer: [PeerID: Int] = [:]
    private var buckets: [[UInt8]: Bucket] = [:]
    private var streamCount = 0
    private var inboundStreamCount = 0
    private var streams: [PeerID: StreamCount] = [:]

    /// Counts nothing yet.
    package init(_ limits: ResourceLimits) { self.limits = limits }

    /// How many connections count, those whose handshake is not done among them.
    package var connectionCount: Int { inbound + outbound }

    /// How many streams count.
    package var totalStreamCount: Int { streamCount }

    /// Counts a connection with `ip` (4 or 16 bytes; nil if it has none) before its handshake.
    package mutating func open(
        isInbound: Bool, ip: [UInt8]?, now: Duration
    ) throws(Refusal) -> Ticket {
        guard connectionCount < limits.connections else { throw .connections }
        let networks = ip.map(Self.networks) ?? []
        if isInbound {
            guard inbound < limits.inboundConnections else { throw .inboundConnections }
            guard handshakes < limits.handshakes else { throw .handshakes }
        }
        for (network, limit) in zip(
            networks, [limits.connectionsPerAddress, limits.connectionsPerSite])
        where byNetwork[network, default: 0] >= limit { throw .address }
        if isInbound, let network = networks.first {
            guard takeToken(of: network, now: now) else { throw .rate }
        }
        for network in networks { byNetwork[network, default: 0] += 1 }
        if isInbound {
            inbound += 1
            handshakes += 1
        } else {
            outbound += 1
        }
        return Ticket(isInbound: isInbound, networks: networks, peer: nil)
    }

    /// Says that the handshake proved the other end to be `peer`.
    ///
    /// - Throws: `peer`, after which the ticket must be closed.
    package mutating func establish(
        _ ticket: inout Ticket, peer: PeerID
    ) throws(Refusal) {
        precondition(ticket.peer == nil, "established twice: \(peer)")
        guard byPeer[peer, default: 0] < limits.connectionsPerPeer else { throw .peer }
        byPeer[peer, default: 0] += 1
        if ticket.isInbound { handshakes -= 1 }
        ticket.peer = peer
    }

    /// Uncounts a connection.
    package mutating func close(_ ticket: Ticket) {
        if ticket.isInbound { inbound -= 1 } else { outbound -= 1 }
        if ticket.isInbound, ticket.peer == nil { handshakes -= 1 }
        for network in ticket.networks { Self.decrement(&byNetwork, network) }
        if let peer = ticket.peer { Self.decrement(&byPeer, peer) }
    }

    /// Counts a stream with `peer`, if it may be opened.
    package mutating func openStream(with peer: PeerID, isInbound: Bool) -> Bool {
        let count = streams[peer] ?? StreamCount()
        guard streamCount < limits.streams,
            count.inbound + count.outbound < limits.streamsPerPeer,
            !isInbound
                || count.inbound < limits.inboundStreamsPerPeer
                    && inboundStreamCount < limits.inboundStreams
        else { return false }
        streamCount += 1
        if isInbound {
            inboundStreamCount += 1
            streams[peer, default: StreamCount()].inbound += 1
        } else {
            streams[peer, default: StreamCount()].outbound += 1
        }
        return true
    }

    /// Uncounts a stream.
    package mutating func closeStream(with peer: PeerID, isInbound: Bool) {
        guard var count = streams[peer] else {
            preconditionFailure("closed a stream with \(peer) that did not count")
        }
        if isInbound {
            count.inbound -= 1
            inboundStreamCount -= 1
        } else {
            count.outbound -= 1
        }
        streams[peer] = count.inbound + count.outbound == 0 ? nil : count
        streamCount -= 1
    }

    /// The address and, for IPv6, its site; none on this machine.
    private static func networks(of ip: [UInt8]) -> [[UInt8]] {
        let ip = IPNetwork.unmapped(ip)
        if ip.count == 4 { return ip[0] == 127 ? [] : [ip] }
        if ip.dropLast().allSatisfy({ $0 == 0 }), ip.last == 1 { return [] }
        return [Array(ip.prefix(7)), Array(ip.prefix(6))]
    }

    private static func decrement<Key>(_ counts: inout [Key: Int], _ key: Key) {
        guard let count = counts[key] else { return }
        counts[key] = count == 1 ? nil : count - 1
    }

    private mutating func takeToken(of network: [UInt8], now: Duration) -> Bool {
        let burst = Double(limits.acceptBurst)
        var bucket = buckets[network] ?? Bucket(tokens: burst, updated: now)
        bucket.tokens = min(
            burst, bucket.tokens + (now - bucket.updated) / limits.acceptInterval)
        bucket.updated = now
        let isGranted = bucket.tokens >= 1
        if isGranted { bucket.tokens -= 1 }
        if buckets[network] == nil, buckets.count >= Self.maximumBucketCount {
            // Full ones say nothing; if none is, the flood is not from a few addresses anyway.
            let interval = limits.acceptInterval
            buckets = buckets.filter { _, old in
                old.tokens + (now - old.updated) / interval < burst
            }
            if buckets.count >= Self.maximumBucketCount { buckets = [:] }
        }
        buckets[network] = bucket
        return isGranted
    }
}
