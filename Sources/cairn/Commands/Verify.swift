// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlockStore
import FileIO
import Lifecycle
import Repository

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check every byte of every pack against its CID.",
        discussion: """
            Also checks that catalog, packs and snapshots agree, and that every block of every \
            snapshot is there. Bad blocks go into quarantine: they are never served, and stored \
            anew by the next ingest that meets them. `cairn repair` puts right what is wrong.

            With --budget, --since or --sample the packs that were not checked for longest come \
            first, and snapshots are not walked unless --snapshots asks for it. So a run every \
            night works its way through a store of any size:

              cairn verify --budget 30m --io-limit 50MiB
              cairn verify --budget 20GiB --since 30d

            Packs in tiers on other machines are read only if --tier names them, since reading them \
            may cost money. Exit code 1 if anything is wrong.
            """)

    @Option(
        help: ArgumentHelp(
            "Check this share of the packs, such as 10%.", valueName: "percent"))
    var sample: String?

    @Option(
        help: ArgumentHelp(
            "Pass over packs that were checked within this time, such as 12h, 7d or 4w.",
            valueName: "age"))
    var since: String?

    @Option(
        help: ArgumentHelp(
            "Stop after this time (90s, 30m, 2h), or so many bytes of packs (500MiB, 20GiB).",
            discussion: "A pack that is half read when time is up is read again by the next run.",
            valueName: "time|size"))
    var budget: String?

    @Option(
        help: ArgumentHelp(
            "Read no more than this per second, such as 50MiB, and give way to other programs.",
            valueName: "size"))
    var ioLimit: String?

    @Option(
        help: ArgumentHelp(
            "Read the packs of this tier; repeatable; all for every tier.", valueName: "name"))
    var tier: [String] = []

    @Flag(
        inversion: .prefixedNo,
        help: "Walk all snapshots and see that each block is there. Default: in a whole check.")
    var snapshots: Bool?

    @Flag(name: .shortAndLong, help: "Print faults only.")
    var quiet = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let options = try options()
        let json = output.json
        let opened = try await repository.open()
        let verify = Lifecycle.Verify(opened, options: try Self.tiers(tier, opened, options)) {
            finding in
            if json {
                Console.line(VerifyOutput.json(finding).text)
            } else {
                Console.error("\(finding)")
            }
        }
        let start = ContinuousClock.now
        let report = try await LiveLine.showing(!quiet && !json) {
            VerifyOutput.progress(verify.progress)
        } while: {
            try await verify.run()
        }
        let elapsed = start.duration(to: .now)
        if json {
            Console.line(VerifyOutput.json(report, elapsed).text)
        } else if !quiet {
            for line in VerifyOutput.lines(report, elapsed) { Console.error(line) }
        }
        if report.findingCount > 0 { throw ExitCode(Failure.failed) }
    }

    private func options() throws -> Lifecycle.Verify.Options {
        var options = Lifecycle.Verify.Options()
        if let sample { options.sample = try Self.share(sample) }
        if let since {
            guard let age = Span.parse(since) else {
                throw UsageError(message: "--since \(since): give an age such as 12h, 7d or 4w")
            }
            options.uncheckedSince = WallClock.milliseconds - Int64(Figures.seconds(age) * 1000)
        }
        if let budget {
            if let time = Span.parse(budget), time > .zero {
                options.budget = .time(time)
            } else if let size = ByteSize.parse(budget), size > 0 {
                options.budget = .bytes(Int64(size))
            } else {
                throw UsageError(
                    message: "--budget \(budget): give a time such as 30m, or a size such as 20GiB")
            }
        }
        if let ioLimit {
            guard let size = ByteSize.parse(ioLimit), size > 0 else {
                throw UsageError(message: "--io-limit \(ioLimit): give a size such as 50MiB")
            }
            options.bytesPerSecond = size
        }
        options.isInBackground = ioLimit != nil
        options.walksSnapshots = snapshots
        return options
    }

    /// Puts the tiers named into `options`, once the repository tells which there are.
    private static func tiers(
        _ names: [String], _ repository: Repository, _ options: Lifecycle.Verify.Options
    ) throws -> Lifecycle.Verify.Options {
        var options = options
        if names.isEmpty { return options }
        if names.contains("all") {
            options.tiers = Set(repository.tiers)
            return options
        }
        options.tiers = Set(
            try names.map { name in
                guard let tier = repository.tiers.first(where: { $0.name == name }) else {
                    let known = repository.tiers.map(\.name).joined(separator: ", ")
                    throw UsageError(message: "--tier \(name): there are \(known), and all")
                }
                return tier
            })
        return options
    }

    private static func share(_ text: String) throws -> Double {
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let percent = Double(digits), percent > 0, percent <= 100 else {
            throw UsageError(message: "--sample \(text): give a share such as 10%")
        }
        return percent / 100
    }
}
