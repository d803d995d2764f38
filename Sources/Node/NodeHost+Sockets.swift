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
            untilListening: { try await host.waitUntilListening() },
            run: { try await host.run() })
    }
}

extension NodeParts {
    /// A host on sockets, which is not on the network yet.
    func makeHost(_ key: PrivateKey) throws -> NodeHost {
        var host = SocketHostOptions()
        host.listenAddresses = options.listen
        host.securities = options.security.map { $0 == .noise ? .noise : .tls }
        host.filter = options.filter
        host.waterMarks = options.waterMarks
        host.agentVersion = ProgramVersion.agent
        let socketHost = try SocketHost(identity: key, options: host, logger: label("host"))
        return NodeHost(socketHost, key: key)
    }
}
