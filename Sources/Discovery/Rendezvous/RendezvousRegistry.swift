// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// How much a rendezvous server remembers.
public struct RendezvousLimits: Hashable, Sendable {
    /// Registrations of one peer: 1,000 unless told.
    public var registrationsPerPeer = 1_000
    /// Registrations in all: 20,000 unless told.
    public var registrations = 20_000
    /// Bytes of records in all: 32 MiB unless told.
    public var byteCount = 32 << 20
    /// Registrations in one answer: 1,000 unless told, and not more.
    public var registrationsPerAnswer = 1_000
    /// Bytes of records in one answer: 1 MiB unless told.
    public var answerByteCount = 1 << 20
    /// The lifetimes that are accepted, in seconds: 7,200 to 259,200 unless told.
    public var lifetimeSeconds: ClosedRange<UInt64> = 7_200...259_200
    /// The lifetime of registrations that name none, in seconds: 7,200 unless told.
    public var defaultLifetimeSeconds: UInt64 = 7_200

    /// All at their defaults.
    public init() {}
}

/// What a rendezvous server does; a value, told the time since an arbitrary start.
struct RendezvousRegistry {
    private struct Key: Hashable {
        let namespace: String
        let peer: PeerID
    }

    private struct Entry {
        let number: UInt64
        let record: [UInt8]
        let expiresAt: Duration
        let lifetimeSeconds: UInt64
    }

    private let limits: RendezvousLimits
    /// Tells cookies of this server's life from those of an earlier one.
    private let instance: [UInt8]
    private var entries: [Key: Entry] = [:]
    private var countByPeer: [PeerID: Int] = [:]
    private var byteCount = 0
    /// Registrations in the order in which they came; those that were replaced or removed since
    /// have another number in `entries`, or none.
    private var log: [(number: UInt64, key: Key)] = []
    private var lastNumber: UInt64 = 0
    private var nextExpiry: Duration = .zero

    /// An empty registry; `instance` is a random number.
    init(limits: RendezvousLimits, instance: UInt64) {
        self.limits = limits
        self.instance = Self.bytes(instance)
    }

    /// How many registrations there are, expired ones not yet removed among them.
    var count: Int { entries.count }

    /// Carries out a request of `peer`, as its connection proved.
    ///
    /// - Returns: the answer; nil for a request without one.
    /// - Throws: ``RendezvousError`` for what is no request.
    mutating func handle(
        _ message: RendezvousMessage, from peer: PeerID, now: Duration
    ) throws(RendezvousError) -> RendezvousMessage? {
        removeExpired(at: now)
        switch message {
        case .register(let registration):
            let (status, lifetime) = register(registration, of: peer, now: now)
            return .registerResponse(
                status, text: Self.text(status), lifetimeSeconds: lifetime)
        case .unregister(let namespace):
            remove(Key(namespace: namespace, peer: peer))
            return nil
        case .discover(let namespace, let limit, let cookie):
            return discover(namespace, limit: limit, cookie: cookie, now: now)
        case .registerResponse, .discoverResponse:
            throw RendezvousError(.protocolViolation, "an answer came where a request must")
        }
    }

    private mutating func register(
        _ registration: RendezvousMessage.Registration, of peer: PeerID, now: Duration
    ) -> (RendezvousMessage.Status, UInt64?) {
        let length = registration.namespace.utf8.count
        guard 1...RendezvousMessage.maximumNamespaceByteCount ~= length else {
            return (.invalidNamespace, nil)
        }
        // Any error means the same to the peer: its record proves nothing.
        guard let opened = try? PeerRecord.open(registration.signedPeerRecord),
            opened.record.peerID == peer
        else { return (.invalidSignedPeerRecord, nil) }
        let lifetime = registration.lifetimeSeconds ?? limits.defaultLifetimeSeconds
        guard limits.lifetimeSeconds.contains(lifetime) else { return (.invalidTTL, nil) }
        let key = Key(namespace: registration.namespace, peer: peer)
        let replaced = entries[key]
        if replaced == nil {
            guard countByPeer[peer, default: 0] < limits.registrationsPerPeer else {
                return (.notAuthorized, nil)
            }
            guard entries.count < limits.registrations else { return (.unavailable, nil) }
        }
        let growth =
            cost(key, registration.signedPeerRecord)
            - (replaced.map { cost(key, $0.record) } ?? 0)
        guard byteCount + growth <= limits.byteCount else { return (.unavailable, nil) }
        remove(key)
        lastNumber += 1
        let expiresAt = now + .seconds(Int64(lifetime))
        entries[key] = Entry(
            number: lastNumber, record: registration.signedPeerRecord, expiresAt: expiresAt,
            lifetimeSeconds: lifetime)
        countByPeer[peer, default: 0] += 1
        byteCount += cost(key, registration.signedPeerRecord)
        log.append((lastNumber, key))
        if log.count > 2 * entries.count + 64 {
            log.removeAll { entries[$0.key]?.number != $0.number }
        }
        nextExpiry = entries.count == 1 ? expiresAt : min(nextExpiry, expiresAt)
        return (.ok, lifetime)
    }

    /// Bytes that a registration is counted with: its record, its namespace, and what holds them.
    private func cost(_ key: Key, _ record: [UInt8]) -> Int {
        record.count + key.namespace.utf8.count + 256
    }

    private func discover(
        _ namespace: String?, limit: UInt64?, cookie: [UInt8]?, now: Duration
    ) -> RendezvousMessage {
        func refuse(_ status: RendezvousMessage.Status) -> RendezvousMessage {
            .discoverResponse(status, text: Self.text(status), [], cookie: [])
        }
        if let namespace {
            let length = namespace.utf8.count
            guard 1...RendezvousMessage.maximumNamespaceByteCount ~= length else {
                return refuse(.invalidNamespace)
            }
        }
        var after: UInt64 = 0
        if let cookie, !cookie.isEmpty {
            guard let number = self.number(of: cookie, namespace) else {
                return refuse(.invalidCookie)
            }
            after = number
        }
        let most = min(
            limit ?? .max, UInt64(limits.registrationsPerAnswer),
            UInt64(RendezvousMessage.maximumRegistrationCount))
        var found: [RendezvousMessage.Registration] = []
        var answerByteCount = 0
        var last = after
        var isCut = false
        let start = log.partitionIndex { $0.number > after }
        for (number, key) in log[start...] {
            guard namespace == nil || key.namespace == namespace, let entry = entries[key],
                entry.number == number, entry.expiresAt > now
            else { continue }
            let size = cost(key, entry.record)
            guard UInt64(found.count) < most,
                found.isEmpty || answerByteCount + size <= limits.answerByteCount
            else {
                isCut = true
                break
            }
            found.append(
                .init(
                    namespace: key.namespace, signedPeerRecord: entry.record,
                    lifetimeSeconds: UInt64((entry.expiresAt - now).components.seconds)))
            answerByteCount += size
            last = number
        }
        if !isCut { last = max(last, lastNumber) }
        return .discoverResponse(
            .ok, text: "", found, cookie: self.cookie(after: last, namespace))
    }

    private func cookie(after number: UInt64, _ namespace: String?) -> [UInt8] {
        instance + Self.bytes(number) + (namespace.map { Array($0.utf8) } ?? [])
    }

    /// The number in a cookie; nil if it is not one of this server for that namespace.
    private func number(of cookie: [UInt8], _ namespace: String?) -> UInt64? {
        guard cookie.count >= 16, cookie.starts(with: instance),
            cookie[16...].elementsEqual((namespace ?? "").utf8)
        else { return nil }
        let number = cookie[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        return number <= lastNumber ? number : nil
    }

    private mutating func remove(_ key: Key) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        byteCount -= cost(key, entry.record)
        let left = countByPeer[key.peer, default: 1] - 1
        countByPeer[key.peer] = left > 0 ? left : nil
    }

    /// - Complexity: O(1) as long as nothing can have expired.
    private mutating func removeExpired(at now: Duration) {
        guard !entries.isEmpty, nextExpiry <= now else { return }
        for (key, entry) in entries where entry.expiresAt <= now { remove(key) }
        nextExpiry = entries.values.map(\.expiresAt).min() ?? now
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: number >> UInt64($0))
        }
    }

    private static func text(_ status: RendezvousMessage.Status) -> String {
        switch status {
        case .invalidNamespace: "a namespace has 1 to 255 bytes"
        case .invalidSignedPeerRecord: "the record is not a sound one of this peer"
        case .invalidTTL: "the lifetime is not accepted"
        case .invalidCookie: "the cookie is not valid here; ask without one"
        case .notAuthorized: "too many registrations"
        case .unavailable: "the server is full"
        default: ""
        }
    }
}

extension Array {
    /// The first index from which on `isSecond` holds, of elements sorted by it.
    fileprivate func partitionIndex(_ isSecond: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
