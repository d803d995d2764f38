// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Libp2pNIO
import Multiformats

extension NodeHost {
    /// A host on sockets.
    init(_ host: SocketHost, key: PrivateKey) {
        self.init(
            host: host, key: key, protocols: { host.protocols },
            agent: { peer in host.connections.first { $0.peer == peer }?.agentVersion },
            hasStranger: { host.connections.contains { $0.isInbound && $0.address.isPublic } },
            untilListening: { try await host.waitUntilListening() },
            ping: { try await host.ping($0) }, run: { try await host.run() })
    }
}

extension NodeParts {
    /// A host on sockets, which is not on the network yet; `networkKey` is that of a private one.
    func makeHost(_ key: PrivateKey, networkKey: PreSharedKey?) throws -> NodeHost {
        var host = SocketHostOptions()
        host.listenAddresses = options.listen
        host.announcedAddresses = options.announcedAddresses
        host.privateNetworkKey = networkKey
        host.nameServers = options.nameServers
        host.securities = options.security.map { $0 == .noise ? .noise : .tls }
        host.filter = options.filter
        host.waterMarks = options.waterMarks
        host.agentVersion = ProgramVersion.agent
        let socketHost = try SocketHost(identity: key, options: host, logger: label("host"))
        return NodeHost(socketHost, key: key)
    }
}
