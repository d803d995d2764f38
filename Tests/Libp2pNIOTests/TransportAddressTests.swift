// SPDX-License-Identifier: Apache-2.0

import Multiformats
import NIOCore
import Testing

@testable import Libp2pNIO

@Suite
struct TransportAddressTests {
    @Test(arguments: [
        ("/ip4/1.2.3.4/tcp/5", TransportAddress.Transport.tcp, "1.2.3.4:5"),
        ("/ip6/2001:db8::1/tcp/5", .tcp, "[2001:db8::1]:5"),
        ("/dns/a.b/tcp/5", .tcp, "a.b:5"),
        ("/ip4/1.2.3.4/tcp/5/ws", .ws, "1.2.3.4:5"),
        ("/dns4/a.b/tcp/443/wss", .wss(serverName: "a.b"), "a.b:443"),
        ("/dns6/a.b/tcp/443/tls/ws", .wss(serverName: "a.b"), "a.b:443"),
        ("/ip4/1.2.3.4/tcp/443/tls/sni/c.d/ws", .wss(serverName: "c.d"), "1.2.3.4:443"),
        ("/ip4/1.2.3.4/tcp/443/wss", .wss(serverName: nil), "1.2.3.4:443"),
        (
            "/ip4/1.2.3.4/tcp/5/p2p/12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv", .tcp,
            "1.2.3.4:5"
        ),
    ])
    func `addresses of the transports here are read`(
        _ text: String, _ transport: TransportAddress.Transport, _ authority: String
    ) throws {
        let address = try #require(TransportAddress(try Multiaddr(text: text)))
        #expect(address.transport == transport)
        #expect(address.authority == authority)
    }

    @Test(arguments: [
        "/ip4/1.2.3.4", "/ip4/1.2.3.4/udp/5/quic-v1", "/ip4/1.2.3.4/tcp/5/tls",
        "/ip4/1.2.3.4/tcp/5/http", "/memory/7", "/dnsaddr/a.b",
        "/ip4/1.2.3.4/tcp/5/p2p/12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv/p2p-circuit",
    ])
    func `addresses of other transports are not`(_ text: String) throws {
        #expect(TransportAddress(try Multiaddr(text: text)) == nil)
    }

    @Test(arguments: ["/ip4/1.2.3.4/tcp/5", "/ip6/2001:db8::1/tcp/65535", "/ip6/::1/tcp/1"])
    func `socket addresses and multiaddrs are the same`(_ text: String) throws {
        let multiaddr = try Multiaddr(text: text)
        let address = try #require(TransportAddress(multiaddr))
        guard case .ip(let ip) = address.place else {
            Issue.record("\(address)")
            return
        }
        #expect(try SocketAddress(ip: ip, port: address.port).multiaddr == multiaddr)
    }
}
