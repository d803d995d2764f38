// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Synchronization
import Testing

@testable import Libp2pNIO

@Suite
struct ObservedAddressHostTests {
    private static let groups: Range<UInt8> = 1..<5

    private let seen = Self.place(at: 4001)

    /// Allows loopback, and where the host is seen.
    private func options() throws -> SocketHostOptions {
        var options = try loopbackOptions()
        options.filter.allowedNetworks.append(try #require(IPNetwork("8.8.8.8")))
        return options
    }

    private static func place(at port: UInt16) -> Multiaddr {
        Multiaddr(components: [.ip4([8, 8, 8, 8]), .tcp(port)])
    }

    /// Has peers of four groups see `host`.
    private func see(_ host: SocketHost, at port: UInt16 = 4001) {
        host.state.withLock { state in
            for group in Self.groups {
                state.observed.note(
                    Self.place(at: port), over: 1000 + UInt64(group), at: remote(group),
                    isInbound: true)
            }
        }
        host.updateAddresses()
    }

    private func remote(_ group: UInt8) -> Multiaddr {
        Multiaddr(components: [.ip4([20, group, 0, 1]), .tcp(9)])
    }

    @Test
    func `peers are told where others see the host, as long as it is so`() async throws {
        let options = try self.options()
        try await withHosts(configure: { used, index in if index == 1 { used = options } }) {
            near, far in
            let (told, changes) = (Events(of: near), Events(of: far))
            try await near.connect(to: far.peerID, at: far.addresses)
            _ = try await told.protocols(of: far.peerID)
            // What peers on this machine see is no address on the internet.
            #expect(far.state.withLock { $0.observed.claimCount } == 0)
            let own = far.addresses
            see(far)
            #expect(far.addresses == own + [seen])
            try await changes.first { event -> Void? in
                if case .addressesChanged = event { () } else { nil }
            }
            try await told.identity(of: far.peerID, in: near, with: own + [seen])
            far.state.withLock { state in
                for group in Self.groups {
                    state.observed.closed(
                        1000 + UInt64(group), at: remote(group), isInbound: true,
                        now: far.time.now() - ObservedAddresses.lifetime)
                }
            }
            far.updateAddresses()
            #expect(far.addresses == own)
            try await told.identity(of: far.peerID, in: near, with: own)
        }
    }

    @Test
    func `peers that see the host elsewhere each time make it tell four changes at once`()
        async throws
    {
        let options = try self.options()
        try await withHost(configure: { $0 = options }) { host in
            let own = host.addresses
            for port: UInt16 in 1...9 { see(host, at: port) }
            #expect(host.addresses == own + [Self.place(at: 4)])
        }
    }

    @Test
    func `addresses that the user announces stay the only ones`() async throws {
        var options = try self.options()
        let announced = try Multiaddr(text: "/ip4/8.8.8.8/tcp/1")
        options.announcedAddresses = [announced]
        try await withHost(configure: { $0 = options }) { host in
            see(host)
            #expect(host.addresses == [announced])
        }
    }

    @Test
    func `an address that the filter does not allow is not told`() async throws {
        try await withHost { host in
            let own = host.addresses
            see(host)
            #expect(host.addresses == own)
        }
    }
}

extension Events {
    /// Waits until `host` was told that `peer` is at `addresses`, and at no others.
    fileprivate func identity(
        of peer: PeerID, in host: SocketHost, with addresses: [Multiaddr]
    ) async throws {
        try await first { event -> Void? in
            guard case .identified(peer, _) = event else { return nil }
            return host.addressBook.addresses(of: peer) == addresses ? () : nil
        }
    }
}
