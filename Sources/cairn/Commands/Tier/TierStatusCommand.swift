// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlockStore
import Lifecycle
import Repository

struct TierStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say what each tier holds, and whether it can be reached.",
        discussion: """
            Exit code 1 if a tier that holds packs cannot be reached.

            Example:
              cairn tier status --json
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let states = try await Tiering(try await repository.open()).status()
        for state in states {
            if output.json { Console.line(Self.json(state).text) } else { Self.show(state) }
        }
        let isBroken = states.contains { $0.failure != nil && $0.packCount + $0.copyCount > 0 }
        if isBroken { throw ExitCode(Failure.failed) }
    }

    private static func show(_ state: Lifecycle.TierStatus) {
        Console.line("\(state.tier)  \(state.location)")
        Console.line(
            "  \(Figures.count(state.packCount, "pack")), \(Figures.bytes(state.storedByteCount))")
        if state.copyCount > 0 {
            Console.line(
                "  further copies of \(Figures.count(state.copyCount, "pack")), \(Figures.bytes(state.copyByteCount))"
            )
        }
        if let config = state.config {
            if !config.mirrorOf.isEmpty {
                Console.line(
                    "  mirror of \(config.mirrorOf.map(\.name).joined(separator: ", ")): \(kinds(config))"
                )
            }
            for rule in config.rules { Console.line("  takes packs \(rule.text)") }
        }
        if state.doomedCount > 0 {
            Console.line("  \(Figures.count(state.doomedCount, "file")) to be deleted")
        }
        if let failure = state.failure { Console.line("  \(failure)") }
    }

    private static func kinds(_ config: TierConfig) -> String {
        config.kinds.map(\.rawValue).sorted().joined(separator: ", ")
    }

    private static func json(_ state: Lifecycle.TierStatus) -> JSON {
        .object([
            ("tier", .string(state.tier.name)), ("location", .string(state.location)),
            ("packs", .count(state.packCount)), ("storedBytes", .integer(state.storedByteCount)),
            ("copies", .count(state.copyCount)), ("copyBytes", .integer(state.copyByteCount)),
            ("toDelete", .count(state.doomedCount)),
            (
                "mirrorOf",
                .array((state.config?.mirrorOf ?? []).map { .string($0.name) })
            ),
            ("rules", .array((state.config?.rules ?? []).map { .string($0.text) })),
            ("reachable", .bool(state.failure == nil)), ("failure", .text(state.failure)),
        ])
    }
}
