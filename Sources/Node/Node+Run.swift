// SPDX-License-Identifier: Apache-2.0

import Discovery
import FileIO
import KademliaDHT
import Libp2p
public import Logging
import Multiformats
import Provide
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
        let (lock, key, networkKey) = try await BlockingPool.shared.run {
            let lock = try NodeLock(repository: path)
            let networkKey = try options.swarmKeyPath.map { try SwarmKey.load($0) }
            return (lock, try NodeIdentity.load(repository: path), networkKey)
        }
        defer { withExtendedLifetime(lock) {} }
        let parts = NodeParts(repository: repository, options: options, logger: logger)
        let host = try parts.makeHost(key, networkKey: networkKey)
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
        let isAnnounced = options.announcedAddresses.contains { $0.isPublic }
        let watch = NodeService(description: "reachability") {
            try await node.watchReachability(isAnnounced: isAnnounced)
        }
        // Those that come first stop last.
        let own = node.services + [watch]
        var services = (own as [any Service] + [control] + late).map {
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
        let node = try await makeVisitor(
            repository, options: options, identity: identity, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for service in node.services { group.addTask { try await service.run() } }
            defer { group.cancelAll() }
            try await node.nodeHost.untilListening()
            try await node.untilOnline(options)
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

    /// How announcing stands by the catalog alone: nobody is asked, nothing is begun.
    ///
    /// - Throws: `CatalogError`; ``NodeError``; `IOError`.
    public static func announceState(
        of repository: Repository, options: NodeOptions, logger: Logger
    ) async throws -> AnnounceReport {
        let node = try await makeVisitor(
            repository, options: options, identity: .repository, logger: logger)
        var report = AnnounceReport(
            try await node.announcer.status(), announces: options.announce != nil)
        // It could only warn of the network, which was not looked at.
        report.warning = nil
        return report
    }

    /// A node for a visit, which is not on the network yet.
    private static func makeVisitor(
        _ repository: Repository, options: NodeOptions, identity: Identity, logger: Logger
    ) async throws -> Node {
        var options = options
        // They lead to the repository's node.
        if identity == .temporary { options.announcedAddresses = [] }
        let (path, swarmKeyPath) = (repository.path, options.swarmKeyPath)
        let (key, networkKey) = try await BlockingPool.shared.run {
            let key: PrivateKey =
                switch identity {
                case .temporary: .makeEd25519()
                case .repository: try NodeIdentity.load(repository: path)
                }
            return (key, try swarmKeyPath.map { try SwarmKey.load($0) })
        }
        let parts = NodeParts(repository: repository, options: options, logger: logger)
        let host = try parts.makeHost(key, networkKey: networkKey)
        return try await parts.makeNode(host, isVisit: true)
    }

    /// Waits until the host listens, and the DHTs that are to serve do.
    private func untilServing() async throws {
        try await nodeHost.untilListening()
        while dht.all.contains(where: { $0.options.mode == .server && !$0.isServing }) {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Tells the DHTs whether strangers get through to this node, until cancelled.
    ///
    /// An address of its own on the internet proves nothing: a firewall may be before it.
    private func watchReachability(isAnnounced: Bool) async throws {
        let start = ContinuousClock.now
        var reachability = Reachability()
        while true {
            let isReachable = reachability.isReachable(
                hasStranger: isAnnounced || nodeHost.hasStranger(), at: start.duration(to: .now))
            for dht in dht.all { dht.setReachability(isReachable ? .reachable : .unknown) }
            try await Task.sleep(for: .seconds(5))
        }
    }

    /// Waits until a peer of the DHT is known, or without any to begin with a static peer is
    /// connected, or it is clear that none will answer soon.
    private func untilOnline(_ options: NodeOptions) async throws {
        let end = ContinuousClock.now + .seconds(10)
        if !options.bootstrap.peers.isEmpty {
            while await !dht.isOnline(), .now < end { try await Task.sleep(for: .milliseconds(20)) }
        } else if !options.staticPeers.isEmpty {
            let isMet = { [host] in options.staticPeers.contains { host.isConnected(to: $0.id) } }
            while !isMet(), .now < end { try await Task.sleep(for: .milliseconds(20)) }
        }
    }
}
