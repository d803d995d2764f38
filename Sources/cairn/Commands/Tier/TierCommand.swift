// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlockStore
import Catalog
import Lifecycle
import Multiformats
import Repository

struct TierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tier",
        abstract: "Move packs to long-term tiers and back.",
        discussion: """
            Tiers are named in config.yaml, with the rules by which packs go there:

              tiers:
                cold:
                  directory: /mnt/archive/cairn
                  rules: [{older-than: 30d, unread-for: 14d}]

            A pack is checked where it was written before the old file goes. Packs of DAG nodes \
            and the catalog stay where they are; what is cold can be read all the same.

            Examples:
              cairn tier status
              cairn tier plan
              cairn tier move
              cairn tier move cold --snapshot 0198c5
              cairn tier recall --cid bafybei…
            """,
        subcommands: [
            TierStatus.self, TierPlanCommand.self, TierMoveCommand.self, TierRecall.self,
            TierCheckCommand.self, TierAttach.self,
        ])
}

/// Which packs a command is about.
struct PackSelection: ParsableArguments {
    @Option(help: ArgumentHelp("This pack; repeatable.", valueName: "id"))
    var pack: [String] = []

    @Option(
        help: ArgumentHelp(
            "The packs that hold the content of this snapshot; repeatable.",
            discussion: "The first letters of its id are enough.", valueName: "id"))
    var snapshot: [String] = []

    @Option(help: ArgumentHelp("The packs that hold what is below this CID; repeatable."))
    var cid: [String] = []

    var isEmpty: Bool { pack.isEmpty && snapshot.isEmpty && cid.isEmpty }

    /// The packs: those named, and those of leaves that snapshots and CIDs reach.
    func packs(in tiering: Tiering) async throws -> Set<PackID> {
        var packs: Set<PackID> = []
        for text in pack {
            guard let id = PackID(text) else {
                throw UsageError(
                    message: "--pack \(text) is no pack; `cairn tier plan -v` names some")
            }
            packs.insert(id)
        }
        var roots: [CID] = []
        for text in snapshot {
            guard let record = try await tiering.repository.catalog.snapshot(matching: text) else {
                throw UsageError(
                    message: "--snapshot \(text): there is none; `cairn snapshots` lists them")
            }
            for root in record.roots { roots.append(try CID(root.cid)) }
        }
        for text in cid {
            do { roots.append(try CID(text: text)) } catch {
                throw UsageError(message: "--cid \(text) is no CID: \(error)")
            }
        }
        if !roots.isEmpty { packs.formUnion(try await tiering.leafPacks(of: roots)) }
        return packs
    }
}

/// The tier of that name in a configuration.
func configuredTier(_ name: String, in repository: Repository) throws -> PackTier {
    let known = repository.config.tiers.map(\.tier)
    if let tier = PackTier(name), known.contains(tier) { return tier }
    let names = known.map(\.name).joined(separator: ", ")
    throw UsageError(
        message:
            "there is no tier \(name); \(names.isEmpty ? "name one under `tiers:` in \(repository.path)/config.yaml" : "known are \(names)")"
    )
}
