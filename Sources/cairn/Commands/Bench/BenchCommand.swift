// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast this machine ingests, and what holds it up.",
        discussion: """
            Examples:
              cairn bench --short                   a first look, two minutes at most
              cairn bench --html report.html        everything, with plots
              cairn bench --dir ~/Pictures          data of your own
              cairn bench corpus tree /tmp/tree     a corpus, to time other programs on

            `cairn help bench run` lists corpora and options.
            """,
        subcommands: [BenchRun.self, BenchCorpus.self],
        defaultSubcommand: BenchRun.self)
}
