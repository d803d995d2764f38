// SPDX-License-Identifier: Apache-2.0

/// The section `network` of `config.yaml`: what the user may say of the node.
///
/// Types and keys are checked here, what the values mean by the network's own modules, which
/// report a wrong one by its ``Setting/place``.
public struct NetworkConfig: Hashable, Sendable {
    /// A value, and where it was written.
    public typealias Setting<Value: Hashable & Sendable> = YAMLPlaced<Value>

    /// Multiaddrs to listen on.
    public var listen: [Setting<String>]?
    /// Peers to begin with: multiaddrs that end in `/p2p/ID`; empty for none.
    public var bootstrap: [Setting<String>]?
    /// Which DHTs: `both`, `wan` or `lan`.
    public var scope: Setting<String>?
    /// Part in the DHT: `auto`, `server` or `client`.
    public var dht: Setting<String>?
    /// Networks beside which no other is dialled or accepted, as CIDR.
    public var allowNet: [Setting<String>]?
    /// Networks that are neither dialled nor accepted, as CIDR.
    public var denyNet: [Setting<String>]?
    /// Peers beside which nobody else is connected to: peer IDs.
    public var allowPeer: [Setting<String>]?
    /// Peers that are refused: peer IDs.
    public var denyPeer: [Setting<String>]?
    /// Peers that are kept connected: multiaddrs that end in `/p2p/ID`.
    public var staticPeer: [Setting<String>]?
    /// Multiaddrs that peers are told in place of those that are listened on.
    public var announceAddress: [Setting<String>]?
    /// The file with the key of a private network.
    public var swarmKey: Setting<String>?
    /// Name servers for `/dnsaddr`, as `address` or `address:port`.
    public var nameServer: [Setting<String>]?
    /// How connections are secured: `noise`, `tls`, the preferred one first.
    public var security: [Setting<String>]?
    /// Whether peers on the local network are looked for by mDNS.
    public var mdns: Setting<Bool>?
    /// Rendezvous points: multiaddrs that end in `/p2p/ID`.
    public var rendezvous: [Setting<String>]?
    /// Whether this node is a rendezvous point for others.
    public var rendezvousServer: Setting<Bool>?
    /// What is announced in the DHT: `all`, `roots`, `entities`, `snapshots+…` or `none`.
    public var announce: Setting<String>?
    /// Hours between two announcements of a block.
    public var announceHours: Setting<Int>?
    /// Provider records sent per second at most.
    public var announceRate: Setting<Int>?
    /// Connections after trimming.
    public var lowWater: Setting<Int>?
    /// Connections at which trimming begins.
    public var highWater: Setting<Int>?
    /// MiB of blocks from peers that are kept.
    public var cacheMiB: Setting<Int>?
    /// Days after which blocks from peers go that were not read since.
    public var cacheDays: Setting<Int>?

    /// Nothing said.
    public init() {}

    /// How the section is read.
    static let yaml = YAMLObject("network", empty: { NetworkConfig() }, keys: keys)

    private static let text = YAMLType<String>.text.placed
    private static let texts = YAMLType<String>.text.placed.list(orEmptyFor: "none")
    private static let flag = YAMLType<Bool>.flag.placed
    private static let absolutePath = YAMLType<String>.parsed(
        "an absolute path, which begins with /", pattern: "^/"
    ) { $0.hasPrefix("/") ? $0 : nil }.placed

    private static func number(_ range: ClosedRange<Int>) -> YAMLType<Setting<Int>> {
        YAMLType<Int>.integer(range).placed
    }

    private static let keys: [YAMLKey<NetworkConfig>] = [
        YAMLKey("listen", optional: \.listen, texts, "Multiaddrs to listen on."),
        YAMLKey("bootstrap", optional: \.bootstrap, texts, "Peers to begin with, or none."),
        YAMLKey(
            "scope", optional: \.scope, text, standard: "both",
            "Which DHTs: both, wan or lan."),
        YAMLKey(
            "dht", optional: \.dht, text, standard: "auto",
            "Part in the DHT: auto, server or client."),
        YAMLKey(
            "allow-net", optional: \.allowNet, texts, "Networks beside which no other is used."),
        YAMLKey("deny-net", optional: \.denyNet, texts, "Networks that are not used."),
        YAMLKey(
            "allow-peer", optional: \.allowPeer, texts,
            "Peers beside which nobody else is connected to."),
        YAMLKey("deny-peer", optional: \.denyPeer, texts, "Peers that are refused."),
        YAMLKey("static-peer", optional: \.staticPeer, texts, "Peers that are kept connected."),
        YAMLKey(
            "announce-address", optional: \.announceAddress, texts,
            "Multiaddrs that peers are told in place of those that are listened on."),
        YAMLKey(
            "swarm-key", optional: \.swarmKey, absolutePath,
            "The file with the key of a private network."),
        YAMLKey("name-server", optional: \.nameServer, texts, "Name servers for /dnsaddr."),
        YAMLKey(
            "security", optional: \.security, texts, standard: "[noise, tls]",
            "How connections are secured, the preferred way first."),
        YAMLKey(
            "mdns", optional: \.mdns, flag, standard: "true",
            "Whether peers on the local network are looked for."),
        YAMLKey("rendezvous", optional: \.rendezvous, texts, "Rendezvous points."),
        YAMLKey(
            "rendezvous-server", optional: \.rendezvousServer, flag, standard: "false",
            "Whether this node is a rendezvous point for others."),
        YAMLKey(
            "announce", optional: \.announce, text,
            "What is announced: all, roots, entities or snapshots, joined by +, or none."),
        // Records live for 48 hours in the DHT.
        YAMLKey(
            "announce-hours", optional: \.announceHours, number(1...48),
            "Hours between two announcements of a block."),
        YAMLKey(
            "announce-rate", optional: \.announceRate, number(1...10_000_000),
            "Provider records sent per second at most."),
        YAMLKey(
            "low-water", optional: \.lowWater, number(1...100_000), "Connections after trimming."),
        YAMLKey(
            "high-water", optional: \.highWater, number(1...100_000),
            "Connections at which trimming begins."),
        YAMLKey(
            "cache-mib", optional: \.cacheMiB, number(0...1 << 40),
            "MiB of blocks from peers that are kept; those used longest ago go first."),
        YAMLKey(
            "cache-days", optional: \.cacheDays, number(1...36_500),
            "Days for which they are kept when nobody reads them."),
    ]
}
