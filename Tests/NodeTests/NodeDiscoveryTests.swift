// SPDX-License-Identifier: Apache-2.0

import Foundation
import Libp2p
import Logging
import Multiformats
import Repository
import TestSupport
import Testing

@testable import Node

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Nodes of this process, on sockets of loopback alone.
@Suite(.timeLimit(.minutes(1)))
struct NodeDiscoveryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A node on a new repository, which looks for others by multicast alone.
    private func makeNode(_ name: String, mdnsPort: Int) async throws -> Node {
        var options = NodeOptions(
            listen: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")],
            bootstrap: try NodeOptions.bootstrap(["none"], place: "test"))
        options.filter.allowedNetworks = [try NodeOptions.network("127.0.0.0/8", place: "test")]
        options.announce = nil
        options.loopbackMDNSPort = mdnsPort
        let parts = NodeParts(
            repository: try await Repository.open(directory.path(name), creating: true),
            options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let host = try parts.makeHost(.makeEd25519(), networkKey: nil)
        return try await parts.makeNode(host, isVisit: false)
    }

    /// A UDP port of loopback that nobody uses at the moment.
    private static func freePort() throws -> Int {
        #if canImport(Glibc)
            let type = Int32(SOCK_DGRAM.rawValue)
        #else
            let type = SOCK_DGRAM
        #endif
        let descriptor = socket(AF_INET, type, 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                let status = bind(descriptor, pointer, length)
                return status == 0 ? getsockname(descriptor, pointer, &length) : status
            }
        }
        try #require(status == 0)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    @Test func `two nodes find each other by multicast DNS`() async throws {
        let port = try Self.freePort()
        let nodes = [
            try await makeNode("one", mdnsPort: port), try await makeNode("two", mdnsPort: port),
        ]
        await withThrowingTaskGroup(of: Void.self) { group in
            for service in nodes.flatMap(\.services) {
                group.addTask { try await service.run() }
            }
            while !nodes.allSatisfy({ $0.host.connectedPeers.count == 1 }) { await Task.yield() }
            #expect(nodes[0].host.connectedPeers == [nodes[1].host.peerID])
            #expect(nodes[1].host.connectedPeers == [nodes[0].host.peerID])
            group.cancelAll()
        }
    }
}
