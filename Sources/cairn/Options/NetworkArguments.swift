// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Libp2p
import Node
import Repository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// With whom a command's own host has to do, where no node runs.
struct HostArguments: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Peers to begin with, as /ip4/…/tcp/…/p2p/ID; `default`, or `none`.",
            discussion: "Default: what config.yaml says, or those of the public network.",
            valueName: "address"))
    var bootstrap: [String] = []

    @Option(
        help: ArgumentHelp(
            "Dial and accept addresses of this network alone; may be given several times.",
            valueName: "cidr"))
    var allowNet: [String] = []

    @Option(
        help: ArgumentHelp(
            "Connect to this peer alone; may be given several times.", valueName: "peer-id"))
    var allowPeer: [String] = []

    @Option(
        help: ArgumentHelp("Refuse this peer; may be given several times.", valueName: "peer-id"))
    var denyPeer: [String] = []

    @Option(
        help: ArgumentHelp(
            "Stay connected to this peer; may be given several times.", valueName: "address"))
    var staticPeer: [String] = []

    @Option(
        help: ArgumentHelp(
            "The file with the key of a private network, as Kubo's swarm.key.",
            discussion: "Without --bootstrap, nobody of the public network is asked then.",
            valueName: "file"),
        completion: .file())
    var swarmKey: String?

    @Option(
        help: ArgumentHelp(
            "Ask this name server for /dnsaddr; may be given several times.",
            discussion: "Default: those of the system.", valueName: "address"))
    var nameServer: [String] = []

    @Flag(help: ArgumentHelp("Take part in the DHT of the local network alone."))
    var lan = false

    @Flag(help: ArgumentHelp("Take part in the public DHT alone."))
    var wan = false

    /// What `config.yaml` says, with what was given here.
    func options(_ config: RepositoryConfig) throws -> NodeOptions {
        var options = try NodeOptions(config.network)
        if let swarmKey {
            options.swarmKeyPath = swarmKey
            // Those of the public network have no such key.
            if config.network.bootstrap == nil {
                options.bootstrap = try NodeOptions.bootstrap(["none"], place: "--bootstrap")
            }
        }
        if !bootstrap.isEmpty {
            options.bootstrap = try NodeOptions.bootstrap(bootstrap, place: "--bootstrap")
        }
        if !allowNet.isEmpty {
            options.filter.allowedNetworks = try allowNet.map {
                try NodeOptions.network($0, place: "--allow-net")
            }
        }
        if !allowPeer.isEmpty {
            options.filter.allowedPeers = Set(
                try allowPeer.map { try NodeOptions.peerID($0, place: "--allow-peer") })
        }
        if !denyPeer.isEmpty {
            options.filter.deniedPeers = Set(
                try denyPeer.map { try NodeOptions.peerID($0, place: "--deny-peer") })
        }
        if !staticPeer.isEmpty {
            options.staticPeers = try staticPeer.map {
                try NodeOptions.peer($0, place: "--static-peer")
            }
        }
        if !nameServer.isEmpty {
            options.nameServers = try nameServer.map {
                try NodeOptions.nameServer($0, place: "--name-server")
            }
        }
        if lan && wan {
            options.scope = .both
        } else if lan {
            options.scope = .lan
        } else if wan {
            options.scope = .wan
        }
        return options
    }
}

/// Whether and how long a command that reads looks for blocks beyond the repository.
struct FetchArguments: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Do not ask peers for what is not here.",
            discussion: "Also if CAIRN_OFFLINE is set to anything but 0."))
    var offline = false

    @Option(
        help: ArgumentHelp(
            "Give up when no block has come from peers for so long.", valueName: "seconds"))
    var timeout: Int = 60

    func validate() throws {
        guard timeout > 0 else { throw ValidationError("--timeout \(timeout): give 1 or more") }
    }

    /// Whether the flag or the environment forbids it.
    var isOffline: Bool {
        guard !offline, let value = getenv("CAIRN_OFFLINE") else { return offline }
        let text = String(cString: value)
        return !text.isEmpty && text != "0"
    }
}
