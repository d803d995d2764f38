// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileIO
import Multiformats
import Node
import Provide
import Repository
import Schedule
import ServiceLifecycle

struct NodeCommand: AsyncParsableCommand, SignalHandling {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Serve the repository to peers, and announce what it holds, until interrupted.",
        discussion: """
            Options override the section `network` of config.yaml. Ctrl-C and SIGTERM end the \
            node in good order; a second one ends it at once.

            Other commands work on the repository meanwhile, and those about the network use this \
            node, through a socket in the repository that only its owner may open.
            """)

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Addresses to listen on, as /ip4/127.0.0.1/tcp/0.",
            discussion: "Port 0 takes any free one. Default: TCP port 4001 on every address.",
            valueName: "multiaddr"))
    var listen: [String] = []

    @Option(
        help: ArgumentHelp(
            "Tell peers this address in place of those listened on; may be given several times.",
            discussion: "For a node behind a router that forwards a port to it.",
            valueName: "multiaddr"))
    var announceAddress: [String] = []

    @OptionGroup var host: HostArguments

    @Option(
        help: ArgumentHelp(
            "What is announced: all, roots, entities or snapshots, joined by `+`; or none.",
            valueName: "strategy"),
        completion: .list(["all", "roots", "entities", "snapshots", "snapshots+roots", "none"]))
    var announce: String?

    @Option(
        help: ArgumentHelp(
            "How connections are secured: noise, tls or both, the preferred one first.",
            valueName: "list"),
        completion: .list(["noise,tls", "tls,noise", "noise", "tls"]))
    var security: String?

    @Option(
        help: ArgumentHelp("Part in the DHT: auto, server or client.", valueName: "mode"),
        completion: .list(["auto", "server", "client"]))
    var dht: String?

    @Flag(inversion: .prefixedNo, help: "Look for peers on the local network.")
    var mdns: Bool?

    @Flag(inversion: .prefixedNo, help: "Be a rendezvous point for others.")
    var rendezvousServer: Bool?

    @Option(
        help: ArgumentHelp(
            "Run the pipelines of these files or directories when their schedules say so.",
            discussion: "As `cairn schedule` does; may be given several times.",
            valueName: "path"),
        completion: .file())
    var schedule: [String] = []

    @OptionGroup(title: "Schedule") var scheduling: ScheduleArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open(creating: true)
        let options = try options(opened.config)
        let printsJSON = output.json
        var services: [any Service] = []
        if !schedule.isEmpty {
            // A mistake is told before the network hears of the node.
            try await BlockingPool.shared.run { [schedule] in
                try ScheduleFiles(schedule).requireSound()
            }
            let scheduler = scheduling.scheduler(schedule, repository, json: printsJSON)
            services = [scheduler, ReloadOnHangup(scheduler)]
        }
        try await Node.run(
            opened, options: options, services: services, logger: Logs.logger
        ) { node in
            Self.announce(node.report, json: printsJSON)
        }
    }

    private func options(_ config: RepositoryConfig) throws -> NodeOptions {
        var options = try host.options(config)
        if !listen.isEmpty {
            options.listen = try listen.map { try NodeOptions.address($0, place: "--listen") }
        }
        if !announceAddress.isEmpty {
            options.announcedAddresses = try announceAddress.map {
                try NodeOptions.address($0, place: "--announce-address")
            }
        }
        if let announce {
            options.announce = try NodeOptions.strategy(announce, place: "--announce")
        }
        if let security {
            options.security = try security.split(separator: ",").map {
                try NodeOptions.word(String($0), place: "--security")
            }
            guard !options.security.isEmpty else {
                throw UsageError(message: "--security: give noise, tls or both")
            }
        }
        if let dht { options.dht = try NodeOptions.word(dht, place: "--dht") }
        options.usesMDNS = mdns ?? options.usesMDNS
        options.servesRendezvous = rendezvousServer ?? options.servesRendezvous
        return options
    }

    /// The first line, by which scripts know that the node is up, and where.
    private static func announce(_ report: NodeIdentityReport, json: Bool) {
        if json {
            return Console.line(
                JSON.object([("event", .string("ready"))] + report.fields).text)
        }
        Console.line(report.id)
        for address in report.addresses { Console.line("listening on \(address)") }
    }
}
