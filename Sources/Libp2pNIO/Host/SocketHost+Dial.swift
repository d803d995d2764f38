// SPDX-License-Identifier: Apache-2.0

public import Libp2p
import Logging
public import Multiformats
import NIOCore
import NIOPosix
import Synchronization

extension SocketHost {
    /// Makes sure that there is a connection to `peer`; see ``Host``.
    ///
    /// Callers that want the same peer at the same time share one dial. Names are resolved, what
    /// the filter forbids or the back-off holds is left out, and the rest is tried by preference:
    /// each 250 ms, or when one has failed, the next joins those under way. Names of strangers that
    /// lead into private networks are left out, unless the host keeps to such networks by its
    /// filter or a key.
    public func connect(
        to peer: PeerID, at addresses: [Multiaddr], names: NameReach
    ) async throws {
        if isConnected(to: peer) { return }
        guard peer != peerID else { throw HostError(.denied, "that is this host itself") }
        guard options.filter.allows(peer) else {
            throw HostError(.denied, peer: peer, "the filter does not allow the peer")
        }
        let result = OneShot<Void>()
        let mustDial = try state.withLock { state in
            guard state.phase != .closed else { throw HostError(.closed, "the host is closed") }
            defer { state.dials[peer, default: []].append(result) }
            return state.dials[peer] == nil
        }
        if mustDial {
            let isAdded = pool.add {
                let outcome = await self.dial(peer, at: addresses, names: names)
                let waiters = self.state.withLock { $0.dials.removeValue(forKey: peer) }
                for waiter in waiters ?? [] { waiter.fulfil(outcome) }
            }
            guard isAdded else {
                state.withLock { $0.dials[peer] = nil }
                throw HostError(.closed, "the host is closed")
            }
        }
        do { try await result.wait() } catch let error as HostError {
            // Whoever dialled before may have known less, or worse.
            let mayHelp: Set<HostError.Code> = [.noAddress, .dialFailed, .backOff, .denied]
            guard !mustDial, !addresses.isEmpty, mayHelp.contains(error.code) else { throw error }
            try await connect(to: peer, at: addresses, names: names)
        }
    }

    private func dial(
        _ peer: PeerID, at addresses: [Multiaddr], names: NameReach
    ) async -> Result<Void, any Error> {
        do {
            let given = addresses.map { NamedAddress($0, names: names) }
            let known = given + addressBook.namedAddresses(of: peer)
            let targets = try await dialTargets(of: peer, at: known)
            try await Dialling(self, peer: peer, targets: targets).run()
            return .success(())
        } catch {
            logger.debug("dial failed", metadata: ["peer": "\(peer)", "error": "\(error)"])
            return .failure(error)
        }
    }

    /// Resolves and sorts out `addresses`: what is to be dialled, best first.
    private func dialTargets(
        of peer: PeerID, at addresses: [NamedAddress]
    ) async throws -> [DialTarget] {
        guard !addresses.isEmpty else {
            throw HostError(.noAddress, peer: peer, "no address is known")
        }
        let resolved = await resolver.resolve(addresses, for: peer)
        // Where peers see this host is left aside: it could keep another's from being dialled.
        let own = Set(state.withLock(\.ownAddresses))
        let now = time.now()
        var targets: [DialTarget] = []
        var (denied, waiting) = (0, 0)
        for target in resolved where !targets.contains(target) && !own.contains(target.address) {
            guard options.filter.allows(target.ip) else {
                denied += 1
                continue
            }
            let key = DialBackOff.Key(peer, at: target.address)
            if state.withLock({ $0.backOff.isActive(key, now: now) }) {
                waiting += 1
                continue
            }
            targets.append(target)
        }
        if !targets.isEmpty {
            // A stable sort: who knows better gives the better addresses first.
            return targets.enumerated()
                .sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
                .map(\.element)
        }
        if waiting > 0 {
            throw HostError(.backOff, peer: peer, "dials failed a moment ago")
        }
        if denied > 0 {
            throw HostError(.denied, peer: peer, "the filter allows none of its addresses")
        }
        throw HostError(.noAddress, peer: peer, "none of its addresses can be dialled")
    }

    /// Connects to one address and does the handshake.
    ///
    /// - Throws: ``HostError``, or what the system says.
    func dial(_ peer: PeerID, at target: DialTarget) async throws {
        let timeout =
            target.address.isPrivate ? options.timeouts.privateDial : options.timeouts.dial
        let now = time.now()
        let id = try state.withLock { state in
            guard state.phase == .running else { throw HostError(.closed, "the host is closed") }
            do {
                let ticket = try state.ledger.open(isInbound: false, ip: target.ip, now: now)
                state.lastID += 1
                state.tickets[state.lastID] = ticket
                return state.lastID
            } catch {
                throw HostError(.limit, peer: peer, "too many connections: \(error)")
            }
        }
        let setup = connectionSetup(
            isInbound: false, remote: target.address, local: nil, expecting: peer, timeout: timeout)
        let attempt = DialAttempt()
        do {
            try await withTaskCancellationHandler {
                _ = try await establish(target, id: id, setup: setup, attempt: attempt).get()
            } onCancel: {
                attempt.cancel()
            }
        } catch {
            release(id)
            throw error
        }
    }

    private func establish(
        _ target: DialTarget, id: UInt64, setup: ConnectionSetup, attempt: DialAttempt
    ) -> EventLoopFuture<SocketConnection> {
        let loop = eventLoops.next()
        let established = loop.makePromise(of: SocketConnection.self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(setup.upgradeTimeout))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: Self.writeBufferWaterMark)
            .channelOption(.recvAllocator, value: Self.receiveAllocator)
            .channelOption(.maxMessagesPerRead, value: 4)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try attempt.start(channel)
                    let handler = ConnectionHandler(setup, established: established) {
                        try self.establish($0, id: id, setup: setup, on: $1, handler: $2)
                    }
                    let handlers = self.handlers(with: handler)
                    let pipeline = channel.pipeline.syncOperations
                    switch target.transport {
                    case .tcp: try pipeline.addHandlers(handlers)
                    case .ws:
                        try WebSocketTransport.connect(
                            on: channel, to: target.authority, then: handlers)
                    case .wss(let name):
                        try pipeline.addHandler(try self.webSocketTLS.makeClient(serverName: name))
                        try WebSocketTransport.connect(
                            on: channel, to: target.authority, then: handlers)
                    }
                }
            }
        do {
            let address = try SocketAddress(ip: target.ip, port: target.port)
            bootstrap.connect(to: address).whenComplete { result in
                switch result {
                case .failure(let error): established.fail(error)
                case .success(let channel):
                    self.watch(
                        channel, until: established.futureResult, timeout: setup.upgradeTimeout
                    ) { established.fail($0) }
                }
            }
        } catch { established.fail(error) }
        return established.futureResult
    }
}
