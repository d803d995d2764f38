// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Provide
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

    @Test func `strategies are names, or none`() throws {
        #expect(try NodeOptions.strategy("none", place: "x") == nil)
        #expect(try NodeOptions.strategy("snapshots+roots", place: "x") == [.snapshots, .roots])
        #expect(throws: NodeError.self) { try NodeOptions.strategy("some", place: "x") }
    }
}
