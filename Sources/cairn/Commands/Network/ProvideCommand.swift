// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Node
import Repository

struct ProvideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provide",
        abstract: "See how the announcing of blocks goes, or announce at once.",
        subcommands: [ProvideStatusCommand.self, ProvideNow.self])
}

struct ProvideStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say what is announced, due and failing.",
        discussion: """
            A node that cannot keep up is named in a warning, and the exit code is 1. Without a \
            running node this tells what the catalog says.
            """)

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open()
        let running = try await NodeAccess.withRunning(opened) { session in
            try await session.all(ControlRequest(.provideStatus)).compactMap(\.status).first
        }
        let status: AnnounceReport
        if let report = running ?? nil {
            status = report
        } else {
            status = try await Node.announceState(
                of: opened, options: try host.options(opened.config), logger: Logs.logger)
        }
        let isRunning = running != nil
        if output.json {
            Console.line(JSON.object([("running", .bool(isRunning))] + status.fields).text)
        } else {
            if !isRunning {
                Console.line("no node is running: nothing is announced until `cairn node` is")
            }
            for line in status.lines(isRunning: isRunning) { Console.line(line) }
            for error in status.errors { Console.line("error: \(Escape.name(error))") }
        }
        guard let warning = status.warning else { return }
        Console.error("warning: \(warning)")
        throw ExitCode(Failure.failed)
    }
}

struct ProvideNow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "now", abstract: "Announce blocks at once, whether they are due or not.")

    @Argument(help: "CIDs of blocks.")
    var cids: [String] = []

    @Flag(help: "Announce all that the strategy names.")
    var all = false

    @OptionGroup var host: HostArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard cids.isEmpty == all else {
            throw ValidationError("give CIDs, or --all")
        }
    }

    func run() async throws {
        let opened = try await repository.open()
        try await announce(cids, .provideNow, host, opened, output)
    }
}
