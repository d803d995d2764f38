// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Logging
import Multiformats
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Finds peers on the local network by multicast DNS, and is found.
///
/// It sends nothing as long as the host listens on loopback only.
public final class MDNSService: Sendable {
    /// How it works.
    public struct Options: Hashable, Sendable {
        /// On which interfaces it speaks.
        public enum Interfaces: Hashable, Sendable {
            /// All that can do multicast, but loopback.
            case network
            /// Loopback alone, with addresses of loopback: for tests on one machine.
            case loopback
        }

        /// Where it speaks: on the network unless told.
        public var interfaces = Interfaces.network
        /// The UDP port of the group: 5353 unless told.
        public var port = 5_353
        /// The longest time between two questions: 5 minutes unless told.
        ///
        /// The first comes at once, the next after a second, and then after twice the time each.
        public var longestInterval: Duration = .seconds(300)
        /// The fingerprint of the private network's key, in base 16; nil for the public network.
        public var network: String?
        /// How many peers are dialled at once: 8 unless told; others wait for the next answer.
        public var dialCount = 8

        /// All at their defaults.
        public init() {}
    }

    private struct State {
        var machine: MDNSMachine
        var dialling: Set<PeerID> = []
    }

    private let host: any Host
    private let options: Options
    private let logger: Logger
    private let elapsed: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    private let state: Mutex<State>

    /// A service under a new random name.
    public init(
        host: any Host, options: Options = Options(), logger: Logger,
        clock: some Clock<Duration> = ContinuousClock()
    ) {
        self.host = host
        self.options = options
        self.logger = logger
        elapsed = ElapsedTime(clock).now
        sleep = { try await clock.sleep(for: $0) }
        var generator = SystemRandomNumberGenerator()
        state = Mutex(
            State(
                machine: MDNSMachine(
                    peerID: host.peerID, name: MDNSMachine.makeName(using: &generator),
                    network: options.network)))
    }

    /// Works until it is cancelled.
    ///
    /// - Throws: `CancellationError`. Interfaces that fail are logged and left out.
    public func run() async throws {
        while !updateAddresses() { try await sleep(.seconds(5)) }
        let links = await openLinks()
        if links.isEmpty { logger.info("no interface for multicast DNS") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for link in links { group.addTask { try await self.serve(link) } }
            // With no link left there is nothing to do; the service itself ends when cancelled.
            group.addTask { while true { try await self.sleep(.seconds(3_600)) } }
            try await group.waitForAll()
        }
    }

    /// Tells the machine what the host's addresses are.
    ///
    /// - Returns: whether there are any to tell of.
    @discardableResult
    private func updateAddresses() -> Bool {
        let wantsLoopback = options.interfaces == .loopback
        let addresses = host.addresses.filter {
            MDNSMachine.isLocal($0) && $0.isLoopback == wantsLoopback
        }
        state.withLock { $0.machine.setAddresses(addresses) }
        return !addresses.isEmpty
    }

    private typealias Packet = AddressedEnvelope<ByteBuffer>
    private typealias Socket = NIOAsyncChannel<Packet, Packet>

    private struct Link {
        let socket: Socket
        let group: SocketAddress
    }

    /// The system's `ip_mreq`.
    private struct Membership {
        var group: UInt32
        var device: UInt32
    }

    private func openLinks() async -> [Link] {
        var links: [Link] = []
        do {
            for device in try System.enumerateDevices() {
                guard let address = device.address, isWanted(device, address) else { continue }
                do { links.append(try await open(device, address)) } catch {
                    logger.debug(
                        "no multicast DNS on an interface",
                        metadata: ["interface": "\(device.name)", "error": "\(error)"])
                }
            }
        } catch {
            logger.warning("interfaces cannot be listed", metadata: ["error": "\(error)"])
        }
        return links
    }

    private func isWanted(_ device: NIONetworkDevice, _ address: SocketAddress) -> Bool {
        let isLoopback = Self.informant(at: address) == .machine
        switch options.interfaces {
        // Linux does not call loopback capable of multicast, which it is.
        case .loopback: return isLoopback && address.protocol == .inet
        case .network: return !isLoopback && device.multicastSupported
        }
    }

    private static func informant(at address: SocketAddress) -> Informant {
        guard let ip = address.ipAddress,
            // What cannot be read is no reason to trust anybody.
            let sender = try? Multiaddr(text: "/\(address.protocol == .inet ? "ip4" : "ip6")/\(ip)")
        else { return .internet }
        return Informant(at: sender)
    }

    private func open(
        _ device: NIONetworkDevice, _ address: SocketAddress
    ) async throws -> Link {
        let isIPv4 = address.protocol == .inet
        let group = try SocketAddress(
            ipAddress: isIPv4 ? "224.0.0.251" : "ff02::fb", port: options.port)
        // On loopback the group's own address, so that nothing else gets in.
        let any = isIPv4 ? "0.0.0.0" : "::"
        let place = options.interfaces == .loopback ? group.ipAddress ?? any : any
        let socket = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: place, port: options.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Socket(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(
                            backPressureStrategy: .init(lowWatermark: 16, highWatermark: 64)))
                }
            }
        do {
            guard let multicast = socket.channel as? any MulticastChannel,
                let provider = socket.channel as? any SocketOptionProvider
            else { throw ChannelError.operationUnsupported }
            if options.interfaces == .loopback {
                // NIO joins only on devices that say that they can do multicast.
                let membership = Membership(
                    group: try Self.networkOrder(group), device: try Self.networkOrder(address))
                try await provider.unsafeSetSocketOption(
                    level: .ip, name: .init(rawValue: CInt(IP_ADD_MEMBERSHIP)), value: membership
                ).get()
            } else {
                try await multicast.joinGroup(group, device: device).get()
            }
            if isIPv4 {
                // The interface is named by its address, in network order.
                try await provider.unsafeSetSocketOption(
                    level: .ip, name: .ip_multicast_if, value: try Self.networkOrder(address)
                ).get()
            } else {
                try await provider.setIPv6MulticastIF(CUnsignedInt(device.interfaceIndex)).get()
            }
            return Link(socket: socket, group: group)
        } catch {
            try await socket.channel.close().get()
            throw error
        }
    }

    /// The four bytes of an IPv4 address, as they lie in memory.
    private static func networkOrder(_ address: SocketAddress) throws -> UInt32 {
        let text = "/ip4/\(address.ipAddress ?? "")"
        guard case .ip4(let bytes)? = try Multiaddr(text: text).components.first else {
            throw ChannelError.operationUnsupported
        }
        return UInt32(bigEndian: bytes.reduce(0) { $0 << 8 | UInt32($1) })
    }

    private func serve(_ link: Link) async throws {
        do {
            try await link.socket.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await self.ask(outbound, link.group) }
                    group.addTask {
                        try await withThrowingDiscardingTaskGroup { dials in
                            for try await packet in inbound {
                                let found = try await self.receive(packet, outbound, link.group)
                                for peer in found { dials.addTask { await self.dial(peer) } }
                            }
                            dials.cancelAll()
                        }
                    }
                    // Whichever ends first ends the link.
                    try await group.next()
                    group.cancelAll()
                }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.debug("an interface failed", metadata: ["error": "\(error)"])
        }
        try Task.checkCancellation()
    }

    private func ask(
        _ outbound: NIOAsyncChannelOutboundWriter<Packet>, _ group: SocketAddress
    ) async throws {
        var wait = Duration.seconds(1)
        while true {
            updateAddresses()
            let query = state.withLock { $0.machine.query }
            try await outbound.write(Packet(remoteAddress: group, data: ByteBuffer(bytes: query)))
            try await sleep(wait)
            wait = min(wait * 2, options.longestInterval)
        }
    }

    /// Takes a packet and answers it.
    ///
    /// - Returns: the peers that it tells of.
    private func receive(
        _ packet: Packet, _ outbound: NIOAsyncChannelOutboundWriter<Packet>,
        _ group: SocketAddress
    ) async throws -> [PeerInfo] {
        let bytes = Array(packet.data.readableBytesView)
        // Not all packets are multicast, which does not leave the network (RFC 6762, section 11).
        let informant = Self.informant(at: packet.remoteAddress)
        let reaction: MDNSMachine.Reaction
        do {
            reaction = try state.withLock { state throws(DNSMessageError) in
                try state.machine.receive(bytes, from: informant, at: elapsed())
            }
        } catch {
            logger.trace("a packet is no DNS", metadata: ["error": "\(error)"])
            return []
        }
        if let answer = reaction.multicast {
            try await outbound.write(Packet(remoteAddress: group, data: ByteBuffer(bytes: answer)))
        }
        if let answer = reaction.unicast {
            try await outbound.write(
                Packet(remoteAddress: packet.remoteAddress, data: ByteBuffer(bytes: answer)))
        }
        return reaction.found
    }

    /// Dials a peer that was found, unless enough are being dialled.
    private func dial(_ peer: PeerInfo) async {
        // Its names are all below `.local`, which others do not resolve.
        host.addressBook.add(
            peer.addresses, of: peer.id, lifetime: AddressLifetime.temporary, names: .anywhere)
        guard !host.isConnected(to: peer.id) else { return }
        let isFree = state.withLock { state in
            state.dialling.count < options.dialCount && state.dialling.insert(peer.id).inserted
        }
        guard isFree else { return }
        defer { state.withLock { _ = $0.dialling.remove(peer.id) } }
        do { try await host.connect(to: peer.id, at: peer.addresses) } catch {
            logger.debug(
                "peer not reached", metadata: ["peer": "\(peer.id)", "error": "\(error)"])
        }
    }
}
