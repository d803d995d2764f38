// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast this machine ingests, and what holds it up.",
        subcommands: [BenchRun.self, BenchCorpus.self],
        defaultSubcommand: BenchRun.self)
}
