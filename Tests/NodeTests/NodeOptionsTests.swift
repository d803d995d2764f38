// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Provide
import Repository
import Testing

@testable import Node

struct NodeOptionsTests {
    @Test func `a visit takes any port, asks only, and looks for nobody nearby`() throws {
        var options = NodeOptions()
        options.listen = [try Multiaddr(text: "/ip4/127.0.0.1/tcp/4001/ws")]
        options.servesRendezvous = true
        let visit = options.forVisit
        #expect(visit.listen.map { "\($0)" } == ["/ip4/127.0.0.1/tcp/0/ws"])
        #expect(visit.dht == .client)
        #expect(!visit.usesMDNS)
        #expect(!visit.servesRendezvous)
    }

    @Test(arguments: ["/ip4/127.0.0.1/tcp/4001", "nonsense", ""])
    func `a peer without an identity is refused`(_ text: String) {
        #expect(throws: NodeError.self) { try NodeOptions.peer(text, place: "--bootstrap") }
    }

    @Test func `a peer is its address without its identity`() throws {
        let id = "12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8"
        let peer = try NodeOptions.peer("/ip4/192.0.2.1/tcp/4001/p2p/\(id)", place: "x")
        #expect("\(peer.id)" == id)
        #expect(peer.addresses.map { "\($0)" } == ["/ip4/192.0.2.1/tcp/4001"])
    }

    private func options(_ section: String) throws -> NodeOptions {
        try NodeOptions(try RepositoryConfig("network: {\(section)}", path: "c").network)
    }

    @Test func `the configuration says who the node has to do with`() throws {
        let id = "12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8"
        let options = try options(
            "static-peer: [/ip4/192.0.2.1/tcp/1/p2p/\(id)], announce-address: [/dns4/a.example/tcp/2], allow-peer: [\(id)], deny-peer: [\(id)], name-server: ['[2001:db8::1]:53', 192.0.2.1]"
        )
        #expect(options.staticPeers.map { "\($0.id)" } == [id])
        #expect(options.announcedAddresses.map { "\($0)" } == ["/dns4/a.example/tcp/2"])
        #expect(options.filter.allowedPeers.map { "\($0)" } == [id])
        #expect(options.filter.deniedPeers.map { "\($0)" } == [id])
        #expect(options.nameServers == ["[2001:db8::1]:53", "192.0.2.1"])
        #expect(options.swarmKeyPath == nil)
    }

    @Test func `in a private network nobody of the public one is asked unless named`() throws {
        let nobody = [try NodeOptions.bootstrap(["none"], place: "x")]
        let options = try options("swarm-key: /k")
        #expect(options.swarmKeyPath == "/k")
        #expect(nobody.contains(options.bootstrap))
        let named = try self.options("swarm-key: /k, bootstrap: [default]")
        #expect(!nobody.contains(named.bootstrap))
    }

    @Test(arguments: [
        "static-peer: [/ip4/192.0.2.1/tcp/1]", "announce-address: [a.example]",
        "allow-peer: [nobody]", "deny-peer: [/ip4/192.0.2.1/tcp/1]", "name-server: [a.example]",
        "name-server: ['192.0.2.1:70000']",
    ])
    func `a wrong value of the configuration is named with its line`(_ section: String) {
        let error = #expect(throws: NodeError.self) { try options(section) }
        #expect(error?.code == .badOptions)
        #expect(error?.message.hasPrefix("c:1:") == true, "\(String(describing: error))")
    }

    @Test func `strategies are names, or none`() throws {
        #expect(try NodeOptions.strategy("none", place: "x") == nil)
        #expect(try NodeOptions.strategy("snapshots+roots", place: "x") == [.snapshots, .roots])
        #expect(throws: NodeError.self) { try NodeOptions.strategy("some", place: "x") }
    }
}
