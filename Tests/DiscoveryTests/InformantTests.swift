// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@testable import Discovery

struct InformantTests {
    @Test(
        arguments: [
            ("/ip4/127.0.0.1/tcp/1", .machine), ("/ip6/::1/tcp/1", .machine),
            ("/memory/1", .machine), ("/ip4/10.0.0.1/tcp/1", .network),
            ("/ip4/100.64.0.1/tcp/1", .network), ("/ip6/fe80::1/tcp/1", .network),
            ("/ip6/fd00::1/tcp/1", .network), ("/ip4/8.8.8.8/tcp/1", .internet),
            ("/ip6/2600::1/tcp/1", .internet), ("/ip4/192.0.2.1/tcp/1", .internet),
        ] as [(String, Informant)])
    func `an address tells where somebody is`(_ text: String, _ informant: Informant) throws {
        #expect(Informant(at: try Multiaddr(text: text)) == informant)
    }

    @Test(
        arguments: [
            ("/ip4/8.8.8.8/tcp/1", [.machine, .network, .internet]),
            ("/dns4/example.org/tcp/1", [.machine, .network, .internet]),
            ("/dnsaddr/example.org", [.machine, .network, .internet]),
            ("/ip4/192.168.0.1/tcp/1", [.machine, .network]),
            ("/ip4/169.254.0.1/tcp/1", [.machine, .network]),
            ("/ip6/fd00::1/tcp/1", [.machine, .network]),
            ("/dns4/box.local/tcp/1", [.machine, .network]),
            ("/ip4/127.0.0.1/tcp/1", [.machine]), ("/ip6/::1/tcp/1", [.machine]),
            ("/ip6/::ffff:127.0.0.1/tcp/1", [.machine]), ("/dns4/localhost/tcp/1", [.machine]),
            ("/ip4/0.0.0.0/tcp/1", []), ("/ip6/::/tcp/1", []),
        ] as [(String, Set<Informant>)])
    func `nobody knows addresses that lie nearer than they do`(
        _ text: String, _ believed: Set<Informant>
    ) throws {
        let address = try Multiaddr(text: text)
        let takers = [Informant.machine, .network, .internet].filter { $0.mayKnow(address) }
        #expect(Set(takers) == believed)
    }
}
