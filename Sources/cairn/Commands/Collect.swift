// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileIO
import Lifecycle
import Repository

struct Collect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Free what no snapshot and no pin needs any more.",
        discussion: """
            Packs in which nothing lives are deleted; packs of which less than --repack-below lives \
            are rewritten; many small ones are merged. Ingests, reads and everything else go on meanwhile; nothing that a \
            running ingest counts on is freed. Runs at low priority. Interrupted at any point, it \
            has freed less and harmed nothing.

            Run it after `cairn forget`, or by a schedule with a watermark:
              cairn gc --dry-run                     what would be freed, pack by pack
              cairn gc --if-free-below 10% --until 20%
              cairn gc --if-above 500GiB --until 450GiB --io-limit 20MiB
              cairn gc --if-due                      by the marks of config.yaml
              cairn why CID                          what keeps a block
            Defaults for all but --dry-run can be set in the section gc of config.yaml.

            Exit codes: 0 done, or nothing to do; 1 failed; 75 another gc is running, or sessions \
            did not end within --wait. How it works: Docs/gc.md.
            """)

    @Flag(help: "Say what would be freed; change nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Rewrite packs of which less than this share lives (default 50%); 0 rewrites none.",
            valueName: "percent"))
    var repackBelow: String?

    @Option(
        help: ArgumentHelp(
            "Write at most this much into new packs, such as 10GiB.", valueName: "size"))
    var maxRepack: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Rewrite packs in tiers other than hot, too: reads them back from there.")
    var repackCold: Bool?

    @Option(
        help: ArgumentHelp(
            "Merge packs that take less than this once there are many (default 16MiB); 0 merges none.",
            valueName: "size"))
    var mergeBelow: String?

    @Option(
        help: ArgumentHelp(
            "Leave what a run without a snapshot stored alone for so long (default 24h), so that it can go on.",
            valueName: "time"))
    var keepUnfinished: String?

    @Flag(
        help: ArgumentHelp(
            "Free what only lost blocks of incomplete snapshots link to.",
            discussion:
                "What hangs on a lost directory or part of a file is not known, so that without this nothing is freed while one is lost. Lost leaves hold up nothing."
        ))
    var giveUpLost = false

    @Option(
        help: ArgumentHelp(
            "Wait so long for another gc, and for sessions that began earlier (default: not for the one, as long as it takes for the others).",
            valueName: "time"))
    var wait: String?

    @Option(
        help: ArgumentHelp("Read and write at most so much a second.", valueName: "size"))
    var ioLimit: String?

    @Flag(help: "Do nothing unless a mark of the section gc in config.yaml is passed.")
    var ifDue = false

    @Option(
        help: ArgumentHelp(
            "Do nothing unless less than this is free, such as 10% or 20GiB.",
            valueName: "amount"))
    var ifFreeBelow: String?

    @Option(
        help: ArgumentHelp(
            "Do nothing unless the packs of the hot tier take more than this.",
            valueName: "amount"))
    var ifAbove: String?

    @Option(
        help: ArgumentHelp(
            "Rewrite only until so much is free, or stored.", valueName: "amount"))
    var until: String?

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if ifFreeBelow != nil, ifAbove != nil {
            throw ValidationError("--if-free-below and --if-above exclude each other")
        }
        if until != nil, ifFreeBelow == nil, ifAbove == nil {
            throw ValidationError("--until needs --if-free-below or --if-above")
        }
        if ifDue, ifFreeBelow != nil || ifAbove != nil {
            throw ValidationError("--if-due takes the marks of config.yaml; give no others")
        }
        _ = try options(CollectionConfig())
        _ = try watermark()
    }

    func run() async throws {
        Machine.lowerPriority()
        let opened = try await repository.open()
        var options = try options(opened.config.collection)
        let view = CollectionView(isDryRun: dryRun, quiet: quiet, json: output.json)
        if let watermark = try watermark() ?? dueMark(opened) {
            let reading = try await watermark.read(opened)
            guard reading.isDue else { return view.show(notDue: reading, watermark) }
            options.freeTarget = reading.freeTarget
        }
        try await Self.collect(opened, options, view, showsProgress: !quiet && !output.json)
    }

    /// Collects, trims the cache, and shows what came of it.
    static func collect(
        _ opened: Repository, _ options: CollectionOptions, _ view: CollectionView,
        showsProgress: Bool
    ) async throws {
        let collection = GarbageCollection(opened, options: options)
        let start = ContinuousClock.now
        let report = try await LiveLine.showing(showsProgress) {
            CollectionView.text(collection.progress)
        } while: {
            try await collection.run()
        }
        let cache = try await CacheTier(opened).trim(
            to: opened.cacheLimits, atMilliseconds: opened.clock.milliseconds,
            dryRun: options.isDryRun)
        view.show(report, cache, start.duration(to: .now))
        if !report.damage.isEmpty { throw ExitCode(Failure.failed) }
    }

    private func options(_ config: CollectionConfig) throws -> CollectionOptions {
        var options = CollectionOptions(config)
        options.isDryRun = dryRun
        if let repackCold { options.repacksCold = repackCold }
        if let mergeBelow { options.mergeBelow = try size(mergeBelow, "--merge-below") }
        options.givesUpLost = giveUpLost
        if let repackBelow { options.repackBelow = try share(repackBelow, "--repack-below") }
        if let maxRepack { options.repackByteLimit = try size(maxRepack, "--max-repack") }
        if let keepUnfinished {
            options.keepsUnfinished = try time(keepUnfinished, "--keep-unfinished")
        }
        if let wait { options.wait = try time(wait, "--wait") }
        if let ioLimit {
            let limit = try size(ioLimit, "--io-limit")
            guard limit > 0 else { throw ValidationError("--io-limit 0 would never end") }
            options.bytesPerSecond = Int(limit)
        }
        return options
    }

    /// The mark of `config.yaml`, if it is asked for.
    private func dueMark(_ opened: Repository) throws -> Watermark? {
        guard ifDue else { return nil }
        guard let watermark = Watermark(opened.config.collection) else {
            throw UsageError(
                message:
                    "\(opened.path)/config.yaml sets no mark for --if-due; write gc: {if-free-below: 10%} there, or if-above"
            )
        }
        return watermark
    }

    private func watermark() throws -> Watermark? {
        if let ifFreeBelow {
            let limit = try amount(ifFreeBelow, "--if-free-below")
            return Watermark(.freeBelow(limit), until: try until.map { try amount($0, "--until") })
        }
        if let ifAbove {
            let limit = try amount(ifAbove, "--if-above")
            return Watermark(
                .storedAbove(limit), until: try until.map { try amount($0, "--until") })
        }
        return nil
    }

    private func amount(_ text: String, _ option: String) throws -> SpaceAmount {
        text.hasSuffix("%") ? .share(try share(text, option)) : .bytes(try size(text, option))
    }

    private func share(_ text: String, _ option: String) throws -> Double {
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let percent = Double(digits), percent >= 0, percent <= 100 else {
            throw ValidationError("\(option) \(text): give a share from 0% to 100%")
        }
        return percent / 100
    }

    private func size(_ text: String, _ option: String) throws -> Int64 {
        guard let size = ByteSize.parse(text) else {
            throw ValidationError("\(option) \(text): give a size such as 500MiB or 20GiB")
        }
        return Int64(size)
    }

    private func time(_ text: String, _ option: String) throws -> Duration {
        guard let span = TimeSpan.parse(text) else {
            throw ValidationError("\(option) \(text): give a time such as 90s, 10m, 12h or 7d")
        }
        return span
    }
}
