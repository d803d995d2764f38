// SPDX-License-Identifier: Apache-2.0

import FileIO
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
    /// Twice what connections, files of the store and programs that are started need at most, and
    /// few enough for programs that cannot do with more.
    private static let descriptorCount = 4096

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
        // Half of what there may be, so that all else has some, whoever connects.
        let descriptorCount = Machine.raiseDescriptorLimit(to: Self.descriptorCount)
        host.limits.connections = min(host.limits.connections, descriptorCount / 2)
        host.limits.inboundConnections = min(
            host.limits.inboundConnections, descriptorCount * 3 / 8)
        let socketHost = try SocketHost(identity: key, options: host, logger: label("host"))
        return NodeHost(socketHost, key: key)
    }
}
