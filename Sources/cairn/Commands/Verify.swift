// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileIO
import Lifecycle

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check every byte of every pack against its CID.",
        discussion: """
            Also checks that catalog and packs agree. With --sample the packs that were not \
            checked for longest come first. Exit code 1 if anything is wrong.
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

    @Flag(name: .shortAndLong, help: "Print faults only.")
    var quiet = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var options = Lifecycle.Verify.Options()
        if let sample { options.sample = try Self.share(sample) }
        if let since { options.uncheckedSince = WallClock.milliseconds - (try Self.age(since)) }
        let json = output.json
        let verify = Lifecycle.Verify(try await repository.open(), options: options) { finding in
            if json {
                Console.line(
                    JSON.object([("event", "fault"), ("text", .string("\(finding)"))]).text)
            } else {
                Console.error("\(finding)")
            }
        }
        let start = ContinuousClock.now
        let report = try await LiveLine.showing(!quiet && !json) {
            let progress = verify.progress
            return
                "checked \(Figures.bytes(progress.checkedStoredByteCount)) of \(Figures.bytes(progress.storedByteCount))"
        } while: {
            try await verify.run()
        }
        finish(report, start.duration(to: .now))
        if !report.findings.isEmpty { throw ExitCode(Failure.failed) }
    }

    private func finish(_ report: VerifyReport, _ elapsed: Duration) {
        if output.json {
            return Console.line(
                JSON.object([
                    ("event", "summary"), ("packs", .count(report.checkedPackCount)),
                    ("blocks", .count(report.checkedBlockCount)),
                    ("bytes", .integer(report.checkedByteCount)),
                    ("faults", .count(report.findings.count)), ("seconds", .seconds(elapsed)),
                ]).text)
        }
        guard !quiet else { return }
        let seconds = max(Figures.seconds(elapsed), 1e-6)
        Console.error(
            "checked \(Figures.count(report.checkedPackCount, "pack")), \(Figures.count(report.checkedBlockCount, "block")), \(Figures.bytes(report.checkedByteCount)) in \(Figures.duration(elapsed)) (\(Figures.bytes(Int(Double(report.checkedByteCount) / seconds)))/s): \(report.findings.isEmpty ? "all sound" : Figures.count(report.findings.count, "fault"))"
        )
    }

    private static func share(_ text: String) throws -> Double {
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let percent = Double(digits), percent > 0, percent <= 100 else {
            throw UsageError(message: "--sample \(text): give a share such as 10%")
        }
        return percent / 100
    }

    /// Milliseconds of "90m", "12h", "7d", "4w".
    private static func age(_ text: String) throws -> Int64 {
        let units: [Character: Int64] = ["m": 60, "h": 3600, "d": 86400, "w": 7 * 86400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
            (0...1_000_000).contains(count)
        else { throw UsageError(message: "--since \(text): give an age such as 12h, 7d or 4w") }
        return count * unit * 1000
    }
}
