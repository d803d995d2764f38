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

    @Flag(help: ArgumentHelp("Take part in the DHT of the local network alone."))
    var lan = false

    @Flag(help: ArgumentHelp("Take part in the public DHT alone."))
    var wan = false

    /// What `config.yaml` says, with what was given here.
    func options(_ config: RepositoryConfig) throws -> NodeOptions {
        var options = try NodeOptions(config.network)
        if !bootstrap.isEmpty {
            options.bootstrap = try NodeOptions.bootstrap(bootstrap, place: "--bootstrap")
        }
        if !allowNet.isEmpty {
            options.filter.allowedNetworks = try allowNet.map {
                try NodeOptions.network($0, place: "--allow-net")
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
