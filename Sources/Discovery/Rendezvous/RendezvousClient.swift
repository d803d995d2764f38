// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Logging
public import Multiformats

/// Asks rendezvous servers.
public struct RendezvousClient: Sendable {
    /// The longest answer that is read: 1,000 registrations of some 4 KiB.
    static let maximumAnswerByteCount = 4 << 20
    private static let timeout = Duration.seconds(10)
    /// The shortest lifetime that is gone by, whatever a server grants: a minute.
    private static let leastLifetimeSeconds: UInt64 = 60

    private let host: any Host
    private let logger: Logger
    private let sleep: @Sendable (Duration) async throws -> Void

    /// Asks by the connections of `host`.
    public init(
        host: any Host, logger: Logger, clock: some Clock<Duration> = ContinuousClock()
    ) {
        self.host = host
        self.logger = logger
        sleep = { try await clock.sleep(for: $0) }
    }

    /// Registers this peer once.
    ///
    /// - Parameter lifetimeSeconds: 7,200 to 259,200; nil for the server's default.
    /// - Returns: the seconds that were granted.
    /// - Throws: ``RendezvousError``; `HostError`, `PeerStreamError`, `CancellationError`.
    public func register(
        _ record: SignedEnvelope, under namespace: String, at server: PeerID,
        lifetimeSeconds: UInt64? = nil
    ) async throws -> UInt64 {
        let answer = try await ask(
            .register(
                .init(
                    namespace: namespace, signedPeerRecord: record.bytes,
                    lifetimeSeconds: lifetimeSeconds)), server)
        guard case .registerResponse(let status, let text, let granted)? = answer.message else {
            throw RendezvousError(.protocolViolation, "the answer is not one to a registration")
        }
        guard status == .ok else { throw Self.refused(status, text) }
        return granted ?? lifetimeSeconds ?? RendezvousLimits().defaultLifetimeSeconds
    }

    /// Takes this peer's registration back.
    ///
    /// - Throws: as ``register(_:under:at:lifetimeSeconds:)``; what the server makes of it is not
    ///   told.
    public func unregister(from namespace: String, at server: PeerID) async throws {
        _ = try await ask(.unregister(namespace: namespace), server)
    }

    /// Asks who is registered.
    ///
    /// - Parameters:
    ///   - namespace: nil for all.
    ///   - cookie: of an earlier answer, to get only what is new since.
    /// - Returns: peers whose records are sound, each once; and the cookie to go on from. Their
    ///   addresses, but for those that lie nearer to this host than the server does, are in the
    ///   host's address book.
    /// - Throws: as ``register(_:under:at:lifetimeSeconds:)``.
    public func discover(
        _ namespace: String?, at server: PeerID, limit: Int? = nil, cookie: [UInt8]? = nil
    ) async throws -> (peers: [PeerInfo], cookie: [UInt8]) {
        let request = RendezvousMessage.discover(
            namespace: namespace, limit: limit.map { UInt64(max($0, 0)) }, cookie: cookie)
        let answer = try await ask(request, server)
        guard
            case .discoverResponse(let status, let text, let registrations, let cookie)? =
                answer.message
        else {
            throw RendezvousError(.protocolViolation, "the answer is not one to a question")
        }
        guard status == .ok else { throw Self.refused(status, text) }
        var peers: [PeerInfo] = []
        var seen: Set<PeerID> = [host.peerID]
        for registration in registrations {
            let opened: (record: PeerRecord, envelope: SignedEnvelope)
            do { opened = try PeerRecord.open(registration.signedPeerRecord) } catch {
                logger.debug("a record is not sound", metadata: ["error": "\(error)"])
                continue
            }
            let record = opened.record
            guard seen.insert(record.peerID).inserted else { continue }
            let lifetime = min(registration.lifetimeSeconds ?? 7_200, 259_200)
            let addresses = record.addresses.filter(answer.informant.mayKnow)
            host.addressBook.add(
                addresses, of: record.peerID, lifetime: .seconds(Int64(lifetime)),
                names: answer.informant.names)
            peers.append(PeerInfo(id: record.peerID, addresses: addresses))
        }
        return (peers, cookie)
    }

    /// Keeps this peer registered, and renews it before it expires, until it is cancelled; the last
    /// registration then expires by itself.
    ///
    /// - Parameter record: makes the record anew each time, as addresses change.
    public func keepRegistered(
        under namespace: String, at server: PeerID, lifetimeSeconds: UInt64? = nil,
        record: @Sendable () throws -> SignedEnvelope
    ) async throws {
        var failures = 0
        while true {
            do {
                let granted = try await register(
                    try record(), under: namespace, at: server, lifetimeSeconds: lifetimeSeconds)
                failures = 0
                try await sleep(Self.pause(beforeRenewing: granted))
            } catch let error as CancellationError {
                throw error
            } catch {
                failures += 1
                logger.debug("not registered", metadata: ["error": "\(error)"])
                try await sleep(min(.seconds(10) * (1 << min(failures - 1, 20)), .seconds(600)))
            }
        }
    }

    /// How long a registration that was granted for some seconds is left alone.
    static func pause(beforeRenewing granted: UInt64) -> Duration {
        // Three quarters leave time for some more tries.
        .seconds(Int64(min(max(granted, leastLifetimeSeconds), 259_200)) * 3 / 4)
    }

    private static func refused(
        _ status: RendezvousMessage.Status, _ text: String
    ) -> RendezvousError {
        RendezvousError(
            .refused(status), "the server refused: \(status.rawValue) \(text.prefix(200))")
    }

    /// Sends a request on a stream of its own.
    ///
    /// - Returns: the answer, nil for an unregistration, which has none; and where the server is.
    private func ask(
        _ request: RendezvousMessage, _ server: PeerID
    ) async throws -> (message: RendezvousMessage?, informant: Informant) {
        let stream = try await host.openStream(to: server, for: [.rendezvous])
        let informant = Informant(at: stream.remoteAddress)
        do {
            let bytes = try await within(Self.timeout, sleep, stream) { () -> [UInt8]? in
                try await stream.writeMessage(request.protobuf)
                try await stream.closeWrite()
                // After an unregistration the server closes its half too, once it has read it.
                var reader = MessageReader(
                    stream, maximumByteCount: Self.maximumAnswerByteCount)
                return try await reader.next()
            }
            await stream.close()
            guard let bytes else {
                if case .unregister = request { return (nil, informant) }
                throw RendezvousError(.protocolViolation, "the server did not answer")
            }
            do { return (try RendezvousMessage(protobuf: bytes), informant) } catch {
                throw RendezvousError(.protocolViolation, "the answer is damaged: \(error)")
            }
        } catch {
            stream.reset()
            throw error
        }
    }
}
