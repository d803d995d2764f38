// SPDX-License-Identifier: Apache-2.0

public import Discovery
public import Libp2p
import Libp2pNIO
public import Multiformats
public import Provide
public import Repository

extension NodeOptions {
    /// TCP port 4001, IPFS's own, on every address.
    public static let publicListen: [Multiaddr] = [
        Multiaddr(components: [.ip4([0, 0, 0, 0]), .tcp(4001)]),
        Multiaddr(components: [.ip6(Array(repeating: 0, count: 16)), .tcp(4001)]),
    ]

    /// What `config` says, and the defaults for the rest.
    ///
    /// - Throws: ``NodeError`` with `badOptions`, and the line.
    public init(_ config: NetworkConfig) throws(NodeError) {
        self.init()
        if let items = config.listen {
            listen = try items.nodeMap { (item) throws(NodeError) in
                try Self.address(item.value, place: "\(item.place)")
            }
        }
        if let items = config.bootstrap {
            bootstrap = try Self.bootstrap(
                items.map(\.value), place: items.first.map { "\($0.place)" } ?? "bootstrap")
        }
        if let item = config.scope { scope = try Self.word(item.value, place: "\(item.place)") }
        if let item = config.dht { dht = try Self.word(item.value, place: "\(item.place)") }
        if let items = config.allowNet {
            filter.allowedNetworks = try items.nodeMap { (item) throws(NodeError) in
                try Self.network(item.value, place: "\(item.place)")
            }
        }
        if let items = config.denyNet {
            filter.deniedNetworks = try items.nodeMap { (item) throws(NodeError) in
                try Self.network(item.value, place: "\(item.place)")
            }
        }
        if let items = config.security {
            security = try items.nodeMap { (item) throws(NodeError) in
                try Self.word(item.value, place: "\(item.place)")
            }
            if security.isEmpty {
                throw NodeError(.badOptions, "security: there is no way without; give noise or tls")
            }
        }
        try takePeers(config)
        try takeParts(config)
        try takeLimits(config)
    }

    private mutating func takePeers(_ config: NetworkConfig) throws(NodeError) {
        if let items = config.allowPeer {
            filter.allowedPeers = Set(
                try items.nodeMap { (item) throws(NodeError) in
                    try Self.peerID(item.value, place: "\(item.place)")
                })
        }
        if let items = config.denyPeer {
            filter.deniedPeers = Set(
                try items.nodeMap { (item) throws(NodeError) in
                    try Self.peerID(item.value, place: "\(item.place)")
                })
        }
        if let items = config.staticPeer {
            staticPeers = try items.nodeMap { (item) throws(NodeError) in
                try Self.peer(item.value, place: "\(item.place)")
            }
        }
        if let items = config.announceAddress {
            announcedAddresses = try items.nodeMap { (item) throws(NodeError) in
                try Self.address(item.value, place: "\(item.place)")
            }
        }
        if let items = config.nameServer {
            nameServers = try items.nodeMap { (item) throws(NodeError) in
                try Self.nameServer(item.value, place: "\(item.place)")
            }
        }
        if let item = config.swarmKey {
            swarmKeyPath = item.value
            // Those of the public network have no such key.
            if config.bootstrap == nil { bootstrap = .none }
        }
    }

    private mutating func takeParts(_ config: NetworkConfig) throws(NodeError) {
        usesMDNS = config.mdns?.value ?? usesMDNS
        if let items = config.rendezvous {
            rendezvousPoints = try items.nodeMap { (item) throws(NodeError) in
                try Self.peer(item.value, place: "\(item.place)")
            }
        }
        servesRendezvous = config.rendezvousServer?.value ?? servesRendezvous
        if let item = config.announce {
            announce = try Self.strategy(item.value, place: "\(item.place)")
        }
        if let hours = config.announceHours { announceInterval = .seconds(hours.value * 3600) }
        announceRate = config.announceRate?.value
    }

    private mutating func takeLimits(_ config: NetworkConfig) throws(NodeError) {
        let low = config.lowWater?.value ?? waterMarks.low
        let high = config.highWater?.value ?? max(waterMarks.high, low)
        guard low <= high else {
            throw NodeError(
                .badOptions,
                "\((config.lowWater ?? config.highWater).map { "\($0.place): " } ?? "")low-water is above high-water"
            )
        }
        waterMarks.low = low
        waterMarks.high = high
        if let item = config.cacheMiB { cache.limits.storedByteCount = Int64(item.value) << 20 }
        if let item = config.cacheDays {
            cache.limits.ageMilliseconds = Int64(item.value) * 86_400_000
        }
    }

    /// An address to listen on.
    ///
    /// - Throws: ``NodeError`` that begins with `place`, which names an option or a line.
    public static func address(_ text: String, place: String) throws(NodeError) -> Multiaddr {
        do { return try Multiaddr(text: text) } catch {
            throw NodeError(.badOptions, "\(place): \(text) is no multiaddr: \(error)")
        }
    }

    /// A peer with its address: a multiaddr that ends in `/p2p/ID`.
    ///
    /// - Throws: as ``address(_:place:)``.
    public static func peer(_ text: String, place: String) throws(NodeError) -> PeerInfo {
        let address = try address(text, place: place)
        guard let id = address.peerID else {
            throw NodeError(.badOptions, "\(place): \(text) names no peer; it must end in /p2p/ID")
        }
        let bare = address.withoutPeerID()
        return PeerInfo(id: id, addresses: bare == address ? [] : [bare])
    }

    /// A peer's identity.
    ///
    /// - Throws: as ``address(_:place:)``.
    public static func peerID(_ text: String, place: String) throws(NodeError) -> PeerID {
        do { return try PeerID(text: text) } catch {
            throw NodeError(.badOptions, "\(place): \(text) is no peer ID: \(error)")
        }
    }

    /// A name server: `address`, `address:port` or `[address]:port`.
    ///
    /// - Throws: as ``address(_:place:)``.
    public static func nameServer(_ text: String, place: String) throws(NodeError) -> String {
        if SocketHostOptions.isNameServer(text) { return text }
        throw NodeError(
            .badOptions,
            "\(place): \(text) is no name server; give one as 192.0.2.53 or 192.0.2.53:5353")
    }

    /// Peers to begin with: addresses, or `default` for those of the public network.
    ///
    /// - Throws: as ``address(_:place:)``.
    public static func bootstrap(
        _ texts: [String], place: String
    ) throws(NodeError) -> BootstrapPeers {
        do { return try BootstrapPeers(texts: texts) } catch {
            throw NodeError(.badOptions, "\(place): \(error)")
        }
    }

    /// A network as CIDR.
    ///
    /// - Throws: as ``address(_:place:)``.
    public static func network(_ text: String, place: String) throws(NodeError) -> IPNetwork {
        guard let network = IPNetwork(text) else {
            throw NodeError(
                .badOptions, "\(place): \(text) is no network; give one as 192.168.0.0/16")
        }
        return network
    }

    /// What is announced; nil for `none`.
    ///
    /// - Throws: as ``address(_:place:)``.
    public static func strategy(
        _ text: String, place: String
    ) throws(NodeError) -> ProvideStrategy? {
        if text == "none" { return nil }
        guard let strategy = ProvideStrategy(text: text) else {
            throw NodeError(
                .badOptions,
                "\(place): \(text) is no strategy; give none, all, roots, entities or snapshots, joined by +"
            )
        }
        return strategy
    }

    /// One of the words of a type.
    ///
    /// - Throws: as ``address(_:place:)``.
    public static func word<Word: RawRepresentable<String> & CaseIterable>(
        _ text: String, place: String
    ) throws(NodeError) -> Word {
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw NodeError(.badOptions, "\(place): \(text) is none of \(words)")
        }
        return word
    }
}

extension NodeOptions {
    /// The same for a host that lives as long as a command: it asks the DHTs and serves nobody
    /// there, looks for nobody on the local network, and takes any free port.
    ///
    /// Static peers are connected as ever.
    public var forVisit: NodeOptions {
        var options = self
        options.listen = listen.map { address in
            Multiaddr(
                components: address.components.map { component in
                    if case .tcp = component { .tcp(0) } else { component }
                })
        }
        options.dht = .client
        options.usesMDNS = false
        options.servesRendezvous = false
        options.rendezvousPoints = []
        return options
    }
}

extension Array {
    /// As `map`, throwing what the body throws.
    fileprivate func nodeMap<Result>(
        _ body: (Element) throws(NodeError) -> Result
    ) throws(NodeError) -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try body(element)) }
        return results
    }
}
