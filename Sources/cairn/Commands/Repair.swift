// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlockStore
import Lifecycle
import Node
import Repository
import Synchronization

struct Repair: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Find out what is wrong with the repository, and put it right.",
        discussion: """
            Says first what is wrong, what it would do, and what may be lost; --yes does it:

              cairn repair             read everything, print the plan, change nothing
              cairn repair --known     plan without reading packs: what is known to be bad
              cairn repair --yes       carry the plan out

            Bad blocks are looked for in other packs, in copies in other tiers, in the files that \
            they were made from, and at peers. Sound blocks of a damaged pack go into a new one; \
            the damaged file is kept beside it, with .damaged added to its name, if something of it \
            stays lost. Snapshots that stay incomplete are kept and marked, or forgotten with --drop.

            May run beside everything else, and be broken off. Exit code 0 if all is well now, 1 if \
            something is wrong, or still lost.
            """)

    @Flag(name: .shortAndLong, help: "Carry the plan out.")
    var yes = false

    @Flag(
        help:
            "Do not read packs; repair what is known: what is missing, and what reads and verify have found bad."
    )
    var known = false

    @Flag(help: "Forget snapshots that stay incomplete.")
    var drop = false

    @Flag(help: "Remove damaged packs and catalogs that earlier repairs have kept aside.")
    var discard = false

    @Option(
        help: ArgumentHelp(
            "Read no more than this per second, such as 50MiB.", valueName: "size"))
    var ioLimit: String?

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "What is not here") var fetch: FetchArguments
    @OptionGroup(title: "What is not here") var host: HostArguments
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let start = ContinuousClock.now
        guard let opened = try await openOrReplace() else { throw ExitCode(Failure.failed) }
        if fetch.isOffline { return try await repair(opened, peer: nil, start) }
        let network = NetworkFallback()
        let patience = Duration.seconds(fetch.timeout)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await network.run { session in
                    try await NodeAccess.withSession(opened, host, session)
                }
            }
            let peer: RepositoryBlocks.Rescue = { cid in
                try await SessionBlocks(network.session(), patience: patience, readsAll: false)
                    .block(cid)
            }
            do { try await repair(opened, peer: peer, start) } catch {
                network.finish()
                try await group.waitForAll()
                throw error
            }
            network.finish()
            try await group.waitForAll()
        }
    }

    /// Opens the repository.
    ///
    /// One whose catalog is missing or damaged gets a new one if that was asked for; nil if it was
    /// not.
    private func openOrReplace() async throws -> Repository? {
        guard let fault = try await Lifecycle.CatalogFault.find(at: repository.path) else {
            return try await repository.open()
        }
        let step = RepairStep.replaceCatalog(fault.reason)
        print(step)
        guard yes else {
            say("nothing was changed; `cairn repair --yes` does this and goes on from there")
            return nil
        }
        let counter = PackCounter()
        let path = repository.path
        return try await LiveLine.showing(!output.json) {
            counter.text
        } while: {
            try await fault.replace(at: path) { counter.set($0, of: $1) }
        }
    }

    private func repair(
        _ opened: Repository, peer: RepositoryBlocks.Rescue?, _ start: ContinuousClock.Instant
    ) async throws {
        var options = Lifecycle.Repair.Options()
        options.readsPacks = !known
        options.dropsIncomplete = drop
        options.discardsSetAside = discard
        options.peer = peer
        if let ioLimit {
            guard let size = ByteSize.parse(ioLimit), size > 0 else {
                throw UsageError(message: "--io-limit \(ioLimit): give a size such as 50MiB")
            }
            options.bytesPerSecond = size
        }
        let repair = Lifecycle.Repair(opened, options: options)
        let plan = try await LiveLine.showing(!output.json) {
            repair.verification.map { VerifyOutput.progress($0) } ?? repair.progress
        } while: {
            try await repair.plan()
        }
        show(plan)
        guard yes else {
            if plan.isEmpty { return summary(plan, start) }
            say("nothing was changed; `cairn repair --yes` carries this out")
            summary(plan, start)
            throw ExitCode(Failure.failed)
        }
        let report = try await LiveLine.showing(!output.json) {
            repair.progress
        } while: {
            try await repair.run(plan)
        }
        try await finish(opened, plan, report, start)
    }

    /// Says what was done, and what is still wrong.
    private func finish(
        _ opened: Repository, _ plan: RepairPlan, _ report: RepairReport,
        _ start: ContinuousClock.Instant
    ) async throws {
        var options = Lifecycle.Verify.Options()
        // The packs were read for the plan, and those written since were checked as they were read.
        options.sample = 0
        options.walksSnapshots = false
        let after = try await Lifecycle.Verify(opened, options: options).run()
        for line in RepairOutput.lines(report) { say(line) }
        for finding in after.findings { print(finding) }
        for content in report.losses { print(VerifyFinding.lostContent(content)) }
        let isWhole =
            report.losses.isEmpty && report.failures.isEmpty && after.findingCount == 0
            && plan.leftAlone.isEmpty
        if output.json {
            Console.line(
                RepairOutput.json(plan, report, isWhole, start.duration(to: .now)).text)
        } else {
            say(isWhole ? "all is well" : "something is still wrong or lost: see above")
        }
        if !isWhole { throw ExitCode(Failure.failed) }
    }

    private func show(_ plan: RepairPlan) {
        for finding in plan.report.findings { print(finding) }
        if plan.report.unnamedFindingCount > 0 {
            say("\(Figures.count(plan.report.unnamedFindingCount)) faults more are not named")
        }
        for step in plan.steps { print(step) }
        for text in plan.leftAlone { say("left as it is: \(text)") }
        if !plan.losses.isEmpty {
            let blocks = Set(plan.losses.map(\.cid)).count
            say(
                "lost unless found elsewhere: \(Figures.count(blocks, "block")) in \(Figures.count(plan.lostBlockCounts.count, "snapshot"))"
            )
        }
        if plan.isEmpty { say("nothing is wrong") }
    }

    private func summary(_ plan: RepairPlan, _ start: ContinuousClock.Instant) {
        guard output.json else { return }
        Console.line(RepairOutput.json(plan, nil, plan.isEmpty, start.duration(to: .now)).text)
    }

    private func print(_ finding: VerifyFinding) {
        output.json
            ? Console.line(VerifyOutput.json(finding).text) : Console.line("fault: \(finding)")
    }

    private func print(_ step: RepairStep) {
        output.json ? Console.line(RepairOutput.json(step).text) : Console.line("step: \(step)")
    }

    private func say(_ text: String) {
        if !output.json { Console.error(text) }
    }
}
