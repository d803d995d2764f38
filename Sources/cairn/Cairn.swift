// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileIO
import Node

@main
struct Cairn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cairn",
        abstract: "Turn directories into content-addressed, packed, indexed IPFS blocks.",
        discussion: """
            Start with `cairn ingest DIR`: it prints the root CID, the same that Kubo and other \
            IPFS tools give. `cairn get CID` brings the directory back.

            The repository is ~/.cairn, or what --repo or CAIRN_REPO names; it is made on first use.

            Exit codes: 0 all done; 1 failed; 2 usage; 3 done, but some inputs were skipped; \
            75 another run of this pipeline is still going.

            Shell completions: `cairn completions bash|zsh|fish`.
            """,
        version: ProgramVersion.text,
        groupedSubcommands: [
            CommandGroup(name: "Store", subcommands: [Ingest.self, Import.self]),
            CommandGroup(
                name: "Schedule",
                subcommands: [
                    RunCommand.self, ScheduleCommand.self, RunsCommand.self, PipelineCommand.self,
                ]),
            CommandGroup(
                name: "Read",
                subcommands: [
                    List.self, Cat.self, Get.self, Stat.self, DAG.self, BlockCommand.self,
                    Export.self,
                ]),
            CommandGroup(
                name: "Keep",
                subcommands: [
                    Snapshots.self, DiffCommand.self, FindCommand.self, HistoryCommand.self,
                    TagCommand.self, ForgetCommand.self, PinCommand.self, Status.self, Verify.self,
                    Repair.self, Reindex.self, Collect.self, Why.self, TierCommand.self,
                ]),
            CommandGroup(
                name: "Share",
                subcommands: [
                    NodeCommand.self, IDCommand.self, Swarm.self, Ping.self, DHTCommand.self,
                    ProvideCommand.self,
                ]),
            CommandGroup(name: "Measure", subcommands: [BenchCommand.self]),
            CommandGroup(name: "Shell", subcommands: [Completions.self]),
        ])

    static func main() async {
        Limits.raiseOpenFiles()
        Machine.keepHeapsFew()
        do {
            let parsed = ParsedCommand(try parseAsRoot())
            if parsed.handlesSignals {
                try await Interrupt.exitingAtSecond { try await parsed.run() }
            } else {
                try await Interrupt.cancelling { try await parsed.run() }
            }
        } catch {
            Failure.exit(with: error)
        }
    }
}

/// A command on its way to the task that runs it.
///
/// Parsing takes most of the time of a small command in a debug build, so it is done once.
// Sendable: made before the task begins, and used by that task alone.
private struct ParsedCommand: @unchecked Sendable {
    private let command: any ParsableCommand

    init(_ command: any ParsableCommand) { self.command = command }

    var handlesSignals: Bool { command is any SignalHandling }

    func run() async throws {
        var command = command
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }
}

/// A command that takes the signals itself, to end in good order.
protocol SignalHandling: AsyncParsableCommand {}
