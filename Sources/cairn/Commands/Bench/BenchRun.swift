// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bench
import FileIO
import Ingest

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct BenchRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure this machine, then ingests on it; the default.",
        discussion: """
            First the ceilings: what reading, hashing, compressing, durable writing and the \
            catalog reach here, each alone. Then each corpus is ingested into a fresh repository, \
            in turns, with all its bytes in the page cache and everything durable at the end. \
            What comes out is held against the least time in which this machine could have done \
            it, with the stage that was busiest and what more cores or a faster disk would buy.

            Everything it makes is removed at the end. To measure with fewer cores, use `taskset`.

            Corpora:
            \(CorpusArgument.list)

            Examples:
              cairn bench --short
              cairn bench --html report.html
              cairn bench --corpus random --size 4GiB --store /mnt/other-disk
              cairn bench --dir ~/Pictures --runs 5 --json
            """)

    /// What is measured unless something is named.
    private static let usual: [Corpus] = [
        .random, .compressible, .tree, .smallFiles, .duplicates, .unchanged,
    ]

    @Option(
        help: ArgumentHelp(
            "A corpus to measure, or `all`; repeatable.",
            discussion: "Default: \(usual.map(\.rawValue).joined(separator: ", ")).",
            valueName: "name"),
        completion: .list(CorpusArgument.names + ["all"]))
    var corpus: [String] = []

    @OptionGroup var size: CorpusArgument

    @Option(
        help: ArgumentHelp(
            "Data of yours to measure; repeatable. Without --corpus, nothing else is measured.",
            valueName: "dir"),
        completion: .directory)
    var dir: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where repositories are made, such as another disk.",
            discussion: "Default: $TMPDIR or /tmp, where corpora are made.", valueName: "dir"),
        completion: .directory)
    var store: String?

    @Option(help: ArgumentHelp("How often each corpus is ingested.", valueName: "n"))
    var runs = 3

    @Flag(help: "A quarter of the sizes and shorter measurements: two minutes at most.")
    var short = false

    @Option(
        help: ArgumentHelp("Write a page with plots, in one file.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var html: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Storing") var storing: StoreArguments
    @OptionGroup(title: "DAG options") var dag: DAGArguments

    func validate() throws {
        guard (1...1000).contains(runs) else {
            throw ValidationError("--runs \(runs): give a number from 1 to 1000")
        }
    }

    func run() async throws {
        let plan = try plan()
        // Before an hour of work rather than after.
        if let html { try Self.requireWritable(html) }
        let stage = BenchProgress(isShown: !output.json)
        let result = try await LiveLine.showing(!output.json, text: { stage.text }) {
            try await BenchRunner(plan) { stage.set($0) }.run()
        }
        if let html {
            let page = Array(BenchPage(result).text.utf8)
            try await BlockingPool.shared.run {
                let file = try File(html, .replace)
                try file.writeAll(page)
                try file.close()
            }
        }
        if output.json {
            Console.line(BenchJSON(result).value.text)
        } else {
            for line in BenchTable(result).lines { Console.line(line) }
        }
    }

    private func plan() throws -> BenchPlan {
        var settings = try storing.settings()
        try dag.apply(to: &settings)
        settings.includesHidden = true
        let scratch = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let data = scratch.isEmpty ? "/tmp" : scratch
        let options = try settings.options(config: nil, spillDirectory: data)
        return BenchPlan(
            sources: try sources(), seed: size.seed, runs: runs, options: options,
            dataDirectory: data, storeDirectory: store ?? data, effort: short ? .short : .full)
    }

    private func sources() throws -> [BenchPlan.Source] {
        var corpora: [Corpus] = []
        for name in corpus {
            let named = name == "all" ? Corpus.allCases : [try CorpusArgument.corpus(named: name)]
            corpora += named.filter { !corpora.contains($0) }
        }
        if corpora.isEmpty, dir.isEmpty { corpora = Self.usual }
        let byteCount = try size.byteCount()
        return corpora.map { corpus in
            let usual = corpus.defaultByteCount / (short ? 4 : 1)
            return .corpus(corpus, byteCount: byteCount ?? usual)
        } + dir.map { .path($0) }
    }

    private static func requireWritable(_ path: String) throws {
        let file = try File(path, .append)
        try file.close()
    }
}
