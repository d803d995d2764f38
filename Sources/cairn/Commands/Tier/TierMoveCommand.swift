// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlockStore
import Lifecycle
import Repository

struct TierMoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Move packs as the rules ask for it, or those named.",
        discussion: """
            Without a selection all rules and mirrors of the configuration are carried out, and \
            the cache is brought within its bounds (cache-mib, cache-days); with a tier, only what \
            is written there. A selection needs a tier, and takes packs of leaves only.

            Each pack is copied, read back whole, and only then deleted where it was. Interrupt \
            it at any time; the next run goes on, and removes what was left behind.

            Examples:
              cairn tier move
              cairn tier move --dry-run
              cairn tier move cold --snapshot 0198c5 --snapshot 0198d1

            Exit codes: 0 all moved; 1 something failed; 75 another process moves packs.
            """)

    @Argument(help: "The tier to move to.")
    var tier: String?

    @OptionGroup var selection: PackSelection
    @OptionGroup var run: TierRunOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open()
        let tiering = Tiering(opened)
        let target = try tier.map { try configuredTier($0, in: opened) }
        guard selection.isEmpty || target != nil else {
            throw UsageError(message: "say which tier the packs go to: cairn tier move TIER …")
        }
        if target == nil { try await run.trimCache(opened, output) }
        try await run.carryOut(opened, output) {
            guard let target, !selection.isEmpty else {
                return try await tiering.plan(for: target.map { [$0] })
            }
            return try await tiering.plan(
                moving: try await selection.packs(in: tiering), to: target)
        }
    }
}

struct TierRecall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recall",
        abstract: "Bring packs back to the hot tier.",
        discussion: """
            Recalled packs stay hot for a week, whatever the rules say.

            Examples:
              cairn tier recall --cid bafybei…
              cairn tier recall --snapshot 0198c5 --dry-run
              cairn tier recall --all --from cold
            """)

    @Flag(help: "All packs, of the tier that --from names or of every tier.")
    var all = false

    @Option(help: ArgumentHelp("With --all: only from this tier.", valueName: "tier"))
    var from: String?

    @OptionGroup var selection: PackSelection
    @OptionGroup var run: TierRunOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard all != !selection.isEmpty else {
            throw UsageError(
                message: "say what to recall: --pack, --snapshot, --cid, or else --all")
        }
        guard all || from == nil else {
            throw UsageError(message: "--from goes with --all")
        }
        let opened = try await repository.open()
        let tiering = Tiering(opened)
        let source = try from.map { try configuredTier($0, in: opened) }
        try await run.carryOut(opened, output) {
            if all { return try await tiering.planRecallingAll(from: source) }
            return try await tiering.plan(
                moving: try await selection.packs(in: tiering), to: .hot)
        }
    }
}

struct TierAttach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract: "Take over a tier whose repository is lost.",
        discussion: """
            Each tier is marked with the repository that it belongs to, so that no other deletes \
            its packs. After the loss of a repository, make a new one, name the tier in its \
            config.yaml, attach it, and run `cairn reindex`.

            Example:
              cairn tier attach mirror && cairn reindex
            """)

    @Argument(help: "The tier.")
    var tier: String

    @OptionGroup var repository: RepositoryOptions

    func run() async throws {
        let opened = try await Repository.openForReindex(repository.path)
        let target = try configuredTier(tier, in: opened)
        guard let lock = try await opened.takeTierLock() else {
            throw TierError.busy(opened)
        }
        try await opened.attach(target, holding: lock)
        Console.error("tier \(target) is this repository's now; run `cairn reindex`")
    }
}
