// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlockStore
import Lifecycle
import Repository

struct TierCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read all copies of mirrored packs; with --heal, replace those that are bad.",
        discussion: """
            Reads packs that stand in several tiers, wherever they do, and checks every block. \
            `cairn verify` reads each pack only where reads take it from.

            Examples:
              cairn tier check
              cairn tier check offsite --heal

            Exit codes: 0 all sound, or healed; 1 something is bad.
            """)

    @Argument(help: "Only packs that have a copy in this tier.")
    var tier: String?

    @Flag(help: "Put a good copy in the place of each bad one.")
    var heal = false

    @OptionGroup var run: TierRunOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open()
        let target = try tier.map { try configuredTier($0, in: opened) }
        let check = TierCheck(opened)
        let report = try await LiveLine.showing(!run.quiet && !output.json) {
            let progress = check.progress
            return "checked \(progress.checkedCount) of \(progress.copyCount) copies"
        } while: {
            try await check.run(of: target)
        }
        for finding in report.findings { Console.error(finding) }
        if output.json {
            Console.line(
                JSON.object([
                    ("event", "check"), ("copies", .count(report.checkedCount)),
                    ("bytes", .integer(report.checkedByteCount)),
                    ("findings", .array(report.findings.map { .string($0) })),
                ]).text)
        } else if !run.quiet {
            Console.error(
                "checked \(Figures.count(report.checkedCount, "copy", plural: "copies")), \(Figures.bytes(report.checkedByteCount)): \(report.findings.isEmpty ? "all sound" : Figures.count(report.findings.count, "fault"))"
            )
        }
        if heal, !report.plan.steps.isEmpty {
            try await run.carryOut(opened, output) { report.plan }
        }
        // What is bad and was not healed: not asked for, or no good copy to be had.
        if report.findings.count > (heal && !run.dryRun ? report.plan.steps.count : 0) {
            throw ExitCode(Failure.failed)
        }
    }
}
