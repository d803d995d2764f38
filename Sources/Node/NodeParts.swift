// SPDX-License-Identifier: Apache-2.0

import Bitswap
import BlockStore
import Discovery
import KademliaDHT
import Libp2p
import Logging
import Multiformats
import Provide
import Repository
import ServiceLifecycle

/// Puts a node together from its options.
struct NodeParts {
    /// Provider records of others, apart from the catalog: they are no truth of this repository.
    static let providersName = "providers.sqlite"
    /// The same of the local network.
    static let lanProvidersName = "providers-lan.sqlite"
    /// Peers that were met, for the next start.
    static let peersName = "peers"

    let repository: Repository
    let options: NodeOptions
    let logger: Logger

    /// A node on `host`; one for a visit keeps no files of its own and announces nothing.
    func makeNode(_ host: NodeHost, isVisit: Bool) async throws -> Node {
        let blocks = FetchedBlocks(repository, options: options.cache, logger: label("cache"))
        let routing = try await makeRouting(host.host, isVisit: isVisit)
        let bitswap = BitswapService(
            host: host.host, store: blocks, routing: routing, logger: label("bitswap"))
        let announcer = makeAnnouncer(routing)
        let announces = !isVisit && options.announce != nil
        var services = [
            NodeService(description: "host", body: host.run),
            NodeService(description: "cache", body: blocks.run, finish: blocks.finish),
            NodeService(description: "dht", body: routing.run),
            NodeService(description: "bitswap", body: bitswap.run),
        ]
        services += makeDiscovery(host, isVisit: isVisit)
        if announces {
            services.append(NodeService(description: "provide", body: announcer.run))
        }
        return Node(
            host, dht: routing, blocks: blocks, bitswap: bitswap, announcer: announcer,
            announces: announces, services: services)
    }

    /// The DHTs on `host`.
    private func makeRouting(_ host: any Host, isVisit: Bool) async throws -> NodeRouting {
        let wan = DHT(
            host: host, options: wanOptions,
            store: try await makeStore(Self.providersName, isVisit: isVisit),
            logger: label("dht.wan"))
        let lan = DHT(
            host: host, options: lanOptions,
            store: try await makeStore(Self.lanProvidersName, isVisit: isVisit),
            logger: label("dht.lan"))
        switch options.scope {
        case .both: return .both(DualDHT(wan: wan, lan: lan))
        case .wan: return .single(wan)
        case .lan: return .single(lan)
        }
    }

    private func makeStore(_ name: String, isVisit: Bool) async throws -> any ProviderStore {
        // A visitor serves nobody, so it has nothing to keep.
        if isVisit { return MemoryProviderStore() }
        return try await SQLiteProviderStore.open(
            at: repository.path + "/" + name, logger: label("dht"))
    }

    private var wanOptions: DHTOptions {
        // A node that keeps to private networks, and wants this DHT alone, takes their addresses
        // for the world. With both DHTs those addresses belong to that of the local network.
        let isSecluded = options.scope == .wan && isSecluded
        var dht = isSecluded ? DHTOptions.isolated : .wan
        switch options.dht {
        case .client: dht.mode = .client
        case .server: dht.mode = .server
        case .auto: dht.mode = isSecluded ? .server : .auto
        }
        dht.bootstrapPeers = options.bootstrap.peers
        return dht
    }

    private var lanOptions: DHTOptions {
        var dht = DHTOptions.lan
        if options.dht == .client { dht.mode = .client }
        if options.scope == .lan { dht.bootstrapPeers = options.bootstrap.peers }
        return dht
    }

    /// Whether filters keep the node to private networks.
    private var isSecluded: Bool {
        let networks = options.filter.allowedNetworks
        return !networks.isEmpty
            && networks.allSatisfy { network in
                let component: Multiaddr.Component =
                    network.address.count == 4 ? .ip4(network.address) : .ip6(network.address)
                return !Multiaddr(components: [component]).isPublic && network.prefixLength >= 8
            }
    }

    /// The announcer of the repository.
    func makeAnnouncer(_ routing: NodeRouting) -> Announcer {
        var provide = ProvideOptions()
        provide.strategy = options.announce ?? .all
        provide.interval = options.announceInterval
        provide.workers.recordsPerSecond = options.announceRate
        // The check looks at the tables and asks nobody: the first server that turns up is used.
        provide.connectivityCheck = ProvideOptions.Backoff(first: .seconds(1), longest: .seconds(1))
        return Announcer(
            network: routing, catalog: repository.catalog,
            source: RepositoryAnnounceSource(repository), options: provide,
            logger: label("provide"))
    }

    /// A logger for one part.
    func label(_ part: String) -> Logger {
        var logger = logger
        logger[metadataKey: "part"] = "\(part)"
        return logger
    }
}

/// A part of a node as a service: runs until the node shuts down.
struct NodeService: Service, CustomStringConvertible {
    /// The part's name, for logs.
    let description: String
    /// What runs; ends when it is cancelled.
    let body: @Sendable () async throws -> Void
    /// What is done afterwards.
    var finish: @Sendable () async -> Void = {}

    /// Runs the part; a shutdown is no error.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await body() }
        } catch is CancellationError {
            // The way in which a shutdown ends it.
        }
        await finish()
    }
}
