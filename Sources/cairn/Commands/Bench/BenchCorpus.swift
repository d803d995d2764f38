// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bench
import FileIO
import Repository

struct BenchCorpus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Write one of the corpora, to time other programs on the same bytes.",
        discussion: """
            The same name, size and seed give the same files on every machine. Corpora:
            \(CorpusArgument.list)

            Examples:
              cairn bench corpus tree /tmp/tree
              cairn bench corpus small-files /tmp/small --size 64MiB --seed 7
            """)

    @Argument(
        help: ArgumentHelp(
            "One of: \(CorpusArgument.names.joined(separator: ", ")).", valueName: "name"),
        completion: .list(CorpusArgument.names))
    var name: String

    @Argument(
        help: ArgumentHelp(
            "Where it goes: a directory that is new or empty.", valueName: "dir"),
        completion: .directory)
    var directory: String

    @OptionGroup var corpus: CorpusArgument
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let corpus = try CorpusArgument.corpus(named: name)
        let byteCount = try self.corpus.byteCount() ?? corpus.defaultByteCount
        let (path, seed) = (directory, self.corpus.seed)
        let start = ContinuousClock.now
        let counts = try await BlockingPool.shared.run {
            try corpus.write(byteCount: byteCount, seed: seed, toNew: path)
        }
        let elapsed = start.duration(to: .now)
        if output.json {
            Console.line(
                JSON.object([
                    ("corpus", .string(corpus.rawValue)), ("seed", .string("\(seed)")),
                    ("files", .count(counts.files)), ("directories", .count(counts.directories)),
                    ("bytes", .count(counts.bytes)), ("seconds", .seconds(elapsed)),
                ]).text)
        } else {
            Console.line(
                "\(corpus.rawValue): \(Figures.count(counts.files, "file")), \(Figures.count(counts.directories, "directory", plural: "directories")), \(Figures.bytes(counts.bytes)) in \(Figures.duration(elapsed))"
            )
        }
    }
}

/// How corpora are made: shared by all benchmarks.
struct CorpusArgument: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The size of a corpus, such as 64MiB; default: what the targets are stated for.",
            valueName: "size"))
    var size: String?

    @Option(help: ArgumentHelp("What the bytes are made from.", valueName: "n"))
    var seed: UInt64 = 1

    /// The names of all corpora.
    static let names = Corpus.allCases.map(\.rawValue)

    /// One line on each corpus.
    static let list = Corpus.allCases.map { corpus in
        let name = "  \(corpus.rawValue)"
        let gap = String(repeating: " ", count: max(1, 18 - name.count))
        return "\(name)\(gap)\(corpus.summary) (\(Figures.bytes(corpus.defaultByteCount)))"
    }.joined(separator: "\n")

    /// The corpus of that name.
    static func corpus(named name: String) throws -> Corpus {
        guard let corpus = Corpus(rawValue: name) else {
            throw UsageError(
                message: "there is no corpus \(name); give \(names.joined(separator: ", "))")
        }
        return corpus
    }

    /// The size that was asked for, in bytes; nil if none was.
    func byteCount() throws -> Int? {
        guard let size else { return nil }
        // Beyond a pebibyte, sums of sizes could overflow.
        guard let byteCount = ByteSize.parse(size), (1...1 << 50).contains(byteCount) else {
            throw UsageError(message: "--size \(size): give a size such as 64MiB or 1GiB")
        }
        return byteCount
    }
}
