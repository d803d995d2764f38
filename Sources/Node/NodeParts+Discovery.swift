// SPDX-License-Identifier: Apache-2.0

import Discovery
import Libp2p
import Logging
import Multiformats
import Repository

extension NodeParts {
    /// The name under which nodes of this program meet at rendezvous points.
    private static let namespace = "cairn"
    /// The longest time between two questions to a rendezvous point.
    ///
    /// The first comes at once, the next after a second, and then after twice the time each: others
    /// may register a moment later.
    private static let longestInterval = Duration.seconds(300)

    /// The parts that find other peers, and let this one be found.
    func makeDiscovery(_ host: NodeHost, isVisit: Bool) -> [NodeService] {
        let file = PeerFile(directory: repository.path, name: Self.peersName)
        let bootstrapper = Bootstrapper(
            host: host.host, bootstrap: options.bootstrap, file: isVisit ? nil : file,
            logger: label("bootstrap"))
        var services = [NodeService(description: "bootstrap", body: bootstrapper.run)]
        if options.usesMDNS {
            let mdns = makeMDNS(host.host)
            services.append(
                NodeService(description: "mdns") {
                    try await host.untilListening()
                    try await mdns.run()
                })
        }
        if options.servesRendezvous {
            let server = RendezvousServer(host: host.host, logger: label("rendezvous"))
            services.append(NodeService(description: "rendezvous server", body: server.run))
        }
        if !options.staticPeers.isEmpty {
            // One that was named twice has both addresses.
            let peers = Dictionary(grouping: options.staticPeers, by: \.id).map { id, named in
                PeerInfo(id: id, addresses: named.flatMap(\.addresses))
            }
            let keeper = StaticPeers(peers, host: host.host, logger: label("static"))
            services.append(NodeService(description: "static peers", body: keeper.run))
        }
        for point in options.rendezvousPoints {
            services.append(
                NodeService(description: "rendezvous") { try await meet(at: point, host) })
        }
        return services
    }

    private func makeMDNS(_ host: any Host) -> MDNSService {
        var mdns = MDNSService.Options()
        if let port = options.loopbackMDNSPort {
            mdns.interfaces = .loopback
            mdns.port = port
        }
        return MDNSService(host: host, options: mdns, logger: label("mdns"))
    }

    /// Registers at a rendezvous point, and looks for others there, until cancelled.
    private func meet(at point: PeerInfo, _ host: NodeHost) async throws {
        try await host.untilListening()
        host.host.addressBook.add(
            point.addresses, of: point.id, lifetime: AddressLifetime.permanent)
        host.host.protect(point.id, tag: "rendezvous")
        let client = RendezvousClient(host: host.host, logger: label("rendezvous"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await client.keepRegistered(under: Self.namespace, at: point.id) {
                    try host.signedRecord()
                }
            }
            group.addTask { try await discover(client, at: point.id, host.host) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func discover(
        _ client: RendezvousClient, at point: PeerID, _ host: any Host
    ) async throws {
        let log = label("rendezvous")
        var wait = Duration.seconds(1)
        while true {
            do {
                for peer in try await client.discover(Self.namespace, at: point).peers
                where peer.id != host.peerID && !host.isConnected(to: peer.id) {
                    do { try await host.connect(to: peer.id, at: peer.addresses) } catch let error
                        as HostError
                    {
                        log.debug("peer not reached", metadata: ["error": "\(error)"])
                    }
                }
            } catch let error as CancellationError {
                throw error
            } catch {
                log.debug("nobody found", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: wait)
            wait = min(wait * 2, Self.longestInterval)
        }
    }
}
