// SPDX-License-Identifier: Apache-2.0

import Discovery
import FileIO
import KademliaDHT
import Libp2p
public import Logging
import Multiformats
public import Repository
public import ServiceLifecycle
import UnixSignals

extension Node {
    /// How long a node may take to end in good order.
    private static let shutdownLimit = Duration.seconds(20)

    /// Runs the node of `repository` until SIGINT or SIGTERM, which end it in good order.
    ///
    /// `onReady` is called once it listens, serves and can be asked by the control socket; from then
    /// on `others` run beside its parts, and end with them.
    /// - Throws: ``NodeError``; `IOError`; what ends a part unforeseen.
    public static func run(
        _ repository: Repository, options: NodeOptions, services others: [any Service] = [],
        logger: Logger, onReady: @escaping @Sendable (Node) -> Void
    ) async throws {
        let path = repository.path
        let (lock, key) = try await BlockingPool.shared.run {
            let lock = try NodeLock(repository: path)
            return (lock, try NodeIdentity.load(repository: path))
        }
        defer { withExtendedLifetime(lock) {} }
        let parts = NodeParts(repository: repository, options: options, logger: logger)
        let host = try parts.makeHost(key)
        let node = try await parts.makeNode(host, isVisit: false)
        let control = try await ControlServer(
            repository: path, service: node, logger: parts.label("control"))
        let readiness = LateService.Readiness()
        let ready = NodeService(description: "ready") {
            try await node.untilServing()
            onReady(node)
            readiness.reach()
        }
        let late = others.map { LateService(service: $0, readiness: readiness) }
        // Those that come first stop last.
        var services = (node.services as [any Service] + [control] + late).map {
            ServiceGroupConfiguration.ServiceConfiguration(service: $0)
        }
        services.append(.init(service: ready, successTerminationBehavior: .ignore))
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigint, .sigterm],
            logger: parts.label("lifecycle"))
        configuration.maximumGracefulShutdownDuration = shutdownLimit
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Runs `body` with a node that lives no longer: it serves nobody in the DHT, announces
    /// nothing by itself, and has no control socket.
    ///
    /// Blocks that it fetched are kept in the cache.
    /// - Throws: what `body` throws; ``NodeError``; `IOError`.
    public static func visiting<Result: Sendable>(
        _ repository: Repository, options: NodeOptions, identity: Identity, logger: Logger,
        _ body: @escaping @Sendable (Node) async throws -> Result
    ) async throws -> Result {
        let key: PrivateKey
        switch identity {
        case .temporary: key = .makeEd25519()
        case .repository:
            key = try await BlockingPool.shared.run { [path = repository.path] in
                try NodeIdentity.load(repository: path)
            }
        }
        let parts = NodeParts(repository: repository, options: options, logger: logger)
        let node = try await parts.makeNode(try parts.makeHost(key), isVisit: true)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for service in node.services { group.addTask { try await service.run() } }
            defer { group.cancelAll() }
            try await node.nodeHost.untilListening()
            if !options.bootstrap.peers.isEmpty { try await node.untilOnline() }
            do {
                let result = try await body(node)
                try await node.blocks.flush()
                return result
            } catch {
                // What came is kept all the same, unless the user is in a hurry.
                if !Task.isCancelled { await node.blocks.finish() }
                throw error
            }
        }
    }

    /// Waits until the host listens, and the DHTs that are to serve do.
    private func untilServing() async throws {
        try await nodeHost.untilListening()
        // Nothing tells yet whether strangers get through a router; an address on the internet
        // needs none.
        if host.addresses.contains(where: { $0.isPublic }) {
            for dht in dht.all { dht.setReachability(.reachable) }
        }
        while dht.all.contains(where: { $0.options.mode == .server && !$0.isServing }) {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits until a peer of the DHT is known, or it is clear that none will answer soon.
    private func untilOnline() async throws {
        let end = ContinuousClock.now + .seconds(10)
        while await !dht.isOnline(), .now < end { try await Task.sleep(for: .milliseconds(20)) }
    }
}
