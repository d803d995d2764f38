// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Logging
import Multiformats
import NIOCore
import NIOPosix
import Synchronization

extension SocketHost {
    /// Connections that wait to be accepted by the program.
    private static let backlog: Int32 = 256

    /// Opens the listening sockets, and learns their addresses.
    func listen() async throws {
        var bound: [Multiaddr] = []
        for address in options.listenAddresses {
            guard let target = TransportAddress(address), case .ip(let ip) = target.place else {
                throw HostError(.noAddress, "\(address) is not an address to listen on")
            }
            guard address.isUnspecified || options.filter.allows(ip) else {
                throw HostError(.denied, "the filter does not allow listening on \(address)")
            }
            if case .wss = target.transport, !webSocketTLS.canListen {
                throw HostError(.denied, "there is no certificate for \(address)")
            }
            let channel = try await serverBootstrap(target.transport)
                .bind(to: SocketAddress(ip: ip, port: target.port)).get()
            state.withLock { $0.listeners.append(channel) }
            guard let local = channel.localAddress?.multiaddr else { continue }
            for address in try expand(local) {
                bound.append(target.suffix.reduce(address) { $0.appending($1) })
            }
        }
        let addresses = options.announcedAddresses.isEmpty ? bound : options.announcedAddresses
        state.withLock { state in
            state.ownAddresses = addresses.map { $0.withoutPeerID() }
            state.addresses = state.ownAddresses
        }
        if !addresses.isEmpty { observers.tell(.addressesChanged) }
    }

    /// The address itself, or those of all interfaces if it stands for them.
    private func expand(_ address: Multiaddr) throws -> [Multiaddr] {
        guard address.isUnspecified, let own = address.ipAddress,
            case .tcp(let port)? = address.components.last
        else { return [address] }
        let ips = try System.enumerateDevices().compactMap { $0.address?.ipBytes }
        return ips.filter { $0.count == own.count && options.filter.allows($0) }.map { ip in
            Multiaddr(components: [ip.count == 4 ? .ip4(ip) : .ip6(ip), .tcp(port)])
        }
    }

    private func serverBootstrap(_ transport: TransportAddress.Transport) -> ServerBootstrap {
        ServerBootstrap(group: eventLoops)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { [logger] in AcceptPause.add(to: $0, logger: logger) }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: Self.writeBufferWaterMark)
            .childChannelOption(.recvAllocator, value: Self.receiveAllocator)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { [weak self] channel in
                guard let self else { return channel.close() }
                return self.accept(channel, over: transport)
            }
    }

    /// How much may wait in a channel for the socket: enough to keep it busy while the next is
    /// sealed.
    static let writeBufferWaterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 256 << 10, high: 1 << 20)

    /// From 2 KiB for idle connections up to 256 KiB for busy ones.
    static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
        minimum: 2048, initial: 2048, maximum: 256 << 10)

    /// Starts the upgrade of an accepted connection, or closes it if it is one too many.
    private func accept(
        _ channel: any Channel, over transport: TransportAddress.Transport
    ) -> EventLoopFuture<Void> {
        guard let remote = channel.remoteAddress, let ip = remote.ipBytes,
            let remoteAddress = remote.multiaddr
        else { return channel.close() }
        let id: UInt64? = state.withLock { state in
            guard state.phase == .running, options.filter.allows(ip) else { return nil }
            do {
                let ticket = try state.ledger.open(isInbound: true, ip: ip, now: time.now())
                state.lastID += 1
                state.tickets[state.lastID] = ticket
                state.accepted[state.lastID] = channel
                return state.lastID
            } catch {
                logger.debug("inbound connection refused", metadata: ["limit": "\(error)"])
                return nil
            }
        }
        guard let id else { return channel.close() }
        let target = TransportAddress(place: .ip(ip), port: 0, transport: transport)
        let setup = connectionSetup(
            isInbound: true, remote: target.suffix.reduce(remoteAddress) { $0.appending($1) },
            local: channel.localAddress?.multiaddr, expecting: nil,
            timeout: options.timeouts.upgrade)
        let established = channel.eventLoop.makePromise(of: SocketConnection.self)
        established.futureResult.whenFailure { error in
            self.release(id)
            self.logger.debug("inbound handshake failed", metadata: ["error": "\(error)"])
        }
        watch(channel, until: established.futureResult, timeout: options.timeouts.upgrade) {
            established.fail($0)
        }
        return channel.eventLoop.makeCompletedFuture {
            let handler = ConnectionHandler(setup, established: established) {
                try self.establish($0, id: id, setup: setup, on: $1, handler: $2)
            }
            let handlers = self.handlers(with: handler)
            switch transport {
            case .tcp: try channel.pipeline.syncOperations.addHandlers(handlers)
            case .ws: try WebSocketTransport.accept(on: channel, then: handlers)
            case .wss:
                try channel.pipeline.syncOperations.addHandler(try self.webSocketTLS.makeServer())
                try WebSocketTransport.accept(on: channel, then: handlers)
            }
        }
    }

    /// Fails an upgrade that what is below it never lets begin.
    func watch(
        _ channel: any Channel, until established: EventLoopFuture<SocketConnection>,
        timeout: Duration, _ fail: @escaping @Sendable (any Error) -> Void
    ) {
        channel.closeFuture.whenComplete { _ in
            fail(HostError(.connectionClosed, "the connection was closed"))
        }
        let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            channel.close(promise: nil)
        }
        established.whenComplete { _ in deadline.cancel() }
    }

    /// The handlers of a connection above its transport.
    func handlers(with handler: ConnectionHandler) -> [any ChannelHandler] {
        guard let key = options.privateNetworkKey else { return [handler] }
        return [PrivateNetworkHandler(key), handler]
    }

    /// What a connection is made with.
    func connectionSetup(
        isInbound: Bool, remote: Multiaddr, local: Multiaddr?, expecting peer: PeerID?,
        timeout: Duration
    ) -> ConnectionSetup {
        var yamux = YamuxOptions()
        yamux.maximumInboundStreamCount = options.limits.inboundStreamsPerPeer
        yamux.maximumOutboundStreamCount = options.limits.streamsPerPeer
        yamux.maximumUnreadByteCount = options.limits.memoryByteCountPerConnection
        // The other half is for windows that have not grown: 32 streams that nobody reads.
        let growth = options.limits.memoryByteCountPerConnection / 2
        yamux.windowGrowthByteCount = growth
        yamux.maximumWindowByteCount = max(YamuxOptions.initialWindowByteCount, growth)
        return ConnectionSetup(
            isInbound: isInbound, remoteAddress: remote, localAddress: local, expectedPeer: peer,
            identity: identity, tls: tls, securities: options.securities,
            upgradeTimeout: timeout, yamux: yamux, time: time, memory: memory)
    }
}
