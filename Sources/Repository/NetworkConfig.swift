// SPDX-License-Identifier: Apache-2.0

import Yams

/// The section `network` of `config.yaml`: what the user may say of the node.
///
/// Types and keys are checked here, what the values mean by the network's own modules, which
/// report a wrong one by its ``Setting/place``.
public struct NetworkConfig: Hashable, Sendable {
    /// A value, and where it was written.
    public struct Setting<Value: Hashable & Sendable>: Hashable, Sendable {
        /// The value.
        public let value: Value
        /// The file and line, for messages: "PATH:LINE".
        public let place: String
    }

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

    /// Nothing said.
    public init() {}

    private enum Kind {
        case text(WritableKeyPath<NetworkConfig, Setting<String>?>)
        case texts(WritableKeyPath<NetworkConfig, [Setting<String>]?>)
        case flag(WritableKeyPath<NetworkConfig, Setting<Bool>?>)
        case number(WritableKeyPath<NetworkConfig, Setting<Int>?>, ClosedRange<Int>)
    }

    private static var keys: [(name: String, kind: Kind)] {
        [
            ("listen", .texts(\.listen)), ("bootstrap", .texts(\.bootstrap)),
            ("scope", .text(\.scope)), ("dht", .text(\.dht)),
            ("allow-net", .texts(\.allowNet)), ("deny-net", .texts(\.denyNet)),
            ("security", .texts(\.security)), ("mdns", .flag(\.mdns)),
            ("rendezvous", .texts(\.rendezvous)),
            ("rendezvous-server", .flag(\.rendezvousServer)),
            ("announce", .text(\.announce)),
            // Records live for 48 hours in the DHT.
            ("announce-hours", .number(\.announceHours, 1...48)),
            ("announce-rate", .number(\.announceRate, 1...10_000_000)),
            ("low-water", .number(\.lowWater, 1...100_000)),
            ("high-water", .number(\.highWater, 1...100_000)),
            ("cache-mib", .number(\.cacheMiB, 0...1 << 40)),
        ]
    }

    /// Parses the section; an unknown key, a wrong type or a number out of range is refused with
    /// its line.
    init(_ node: Node, path: String) throws(RepositoryError) {
        guard let mapping = node.mapping else {
            throw RepositoryError(
                .badConfig, "\(path):\(node.mark?.line ?? 0): network must hold keys and values")
        }
        for (key, value) in mapping {
            let place = "\(path):\(key.mark?.line ?? 0)"
            let name = key.string ?? "?"
            guard let kind = Self.keys.first(where: { $0.name == name })?.kind else {
                let known = Self.keys.map(\.name).joined(separator: ", ")
                throw RepositoryError(
                    .badConfig, "\(place): unknown key \(name) in network; known are \(known)")
            }
            try set(kind, value, name, place)
        }
    }

    private mutating func set(
        _ kind: Kind, _ node: Node, _ name: String, _ place: String
    ) throws(RepositoryError) {
        func wrong(_ wanted: String) -> RepositoryError {
            RepositoryError(.badConfig, "\(place): \(name) must be \(wanted)")
        }
        switch kind {
        case .text(let property):
            guard node.sequence == nil, let text = node.string else { throw wrong("a word") }
            self[keyPath: property] = Setting(value: text, place: place)
        case .flag(let property):
            guard let flag = node.bool else { throw wrong("true or false") }
            self[keyPath: property] = Setting(value: flag, place: place)
        case .number(let property, let range):
            guard let number = node.int, range.contains(number) else {
                throw wrong("a number from \(range.lowerBound) to \(range.upperBound)")
            }
            self[keyPath: property] = Setting(value: number, place: place)
        case .texts(let property):
            if node.string == "none" {
                self[keyPath: property] = []
                return
            }
            guard let items = node.sequence else { throw wrong("a list, or none") }
            var settings: [Setting<String>] = []
            for item in items {
                guard let text = item.string else { throw wrong("a list of words") }
                settings.append(
                    Setting(value: text, place: "\(path(place)):\(item.mark?.line ?? 0)"))
            }
            self[keyPath: property] = settings
        }
    }

    /// The place without its line.
    private func path(_ place: String) -> Substring {
        place.lastIndex(of: ":").map { place[..<$0] } ?? place[...]
    }
}
