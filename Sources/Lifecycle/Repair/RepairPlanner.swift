// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Multiformats
import PackStore
import Repository

/// Makes a plan of what a verification has found.
struct RepairPlanner {
    /// Files that are being made are younger than this, in seconds; a guess far above what it takes.
    private static let temporaryAgeSeconds: Int64 = 3600

    private let repository: Repository
    private let options: Repair.Options
    private var plan = RepairPlan()

    init(_ repository: Repository, _ options: Repair.Options) {
        self.repository = repository
        self.options = options
    }

    mutating func plan(_ report: VerifyReport) async throws -> RepairPlan {
        plan.report = report
        try await addCatalog(report)
        try await addPacks(report)
        addLosses(report)
        try await addMarks()
        try await addLeftovers()
        try await addSetAside()
        return plan
    }

    /// Whether the catalog must be filled anew.
    private mutating func addCatalog(_ report: VerifyReport) async throws {
        for case .damagedCatalog(let what) in report.findings {
            return plan.steps.append(.replaceCatalog(what))
        }
        if try await repository.catalog.needsRebuild() {
            return plan.steps.append(.rebuildCatalog("an earlier rebuild was broken off"))
        }
        for finding in report.findings {
            switch finding {
            case .wrongRecord, .misplacedBlock, .wrongSnapshot:
                return plan.steps.append(.rebuildCatalog("\(finding)"))
            default: continue
            }
        }
    }

    private mutating func addPacks(_ report: VerifyReport) async throws {
        var damaged: [PackID: (tier: PackTier, blocks: Int, reasons: [String])] = [:]
        var missing: [(PackID, PackTier)] = []
        var uncatalogued: Set<PackID> = []
        for finding in report.findings {
            switch finding {
            case .damage(let id, let tier, let damage):
                var known = damaged[id] ?? (tier, 0, [])
                if case .block = damage.place { known.blocks += 1 }
                known.reasons.append("\(damage)")
                damaged[id] = known
            case .missingPack(let id, let tier): missing.append((id, tier))
            case .unknownPack(let id, let tier): plan.steps.append(.takeIn(id, tier))
            case .uncataloguedBlock(let id, _): uncatalogued.insert(id)
            case .unreadablePack, .unfinishedPack, .unreachableTier:
                plan.leftAlone.append("\(finding)")
            default: continue
            }
        }
        let records = Dictionary(
            try await repository.catalog.packs().map { ($0.id, $0) }
        ) { first, _ in first }
        // What reads, and earlier verifications, have found.
        let missingIDs = Set(missing.map(\.0))
        for id in try await repository.quarantine().packs
        where damaged[id] == nil && !missingIDs.contains(id) {
            guard let record = records[id] else { continue }
            damaged[id] = (record.tier, 0, ["blocks in quarantine"])
        }
        for (id, found) in damaged.sorted(by: { $0.key < $1.key }) {
            plan.steps.append(
                .rewrite(
                    id, found.tier, badBlockCount: options.readsPacks ? found.blocks : nil,
                    reason: found.reasons.count == 1
                        ? found.reasons[0]
                        : "\(found.reasons[0]), and \(found.reasons.count - 1) faults more"))
        }
        if !damaged.isEmpty || !missing.isEmpty
            || report.findings.contains(where: { if case .lostContent = $0 { true } else { false } }
            )
        {
            plan.steps.append(.heal(blockCount: 0))
        }
        for (id, tier) in missing {
            plan.steps.append(
                .forgetPack(id, tier, blockCount: records[id]?.blockCount ?? 0))
        }
        let isFilledAnew = plan.steps.contains {
            switch $0 {
            case .rebuildCatalog, .replaceCatalog: true
            default: false
            }
        }
        if isFilledAnew { return }
        for id in uncatalogued.sorted() where damaged[id] == nil {
            plan.steps.append(.recommit(id))
        }
    }

    private mutating func addLosses(_ report: VerifyReport) {
        var blocks: [String: Set<[UInt8]>] = [:]
        for case .lostContent(let content) in report.findings {
            plan.losses.append(content)
            blocks[content.snapshotID, default: []].insert(Array(content.cid.multihashBytes))
        }
        plan.lostBlockCounts = blocks.mapValues(\.count)
        let all = blocks.values.reduce(into: Set<[UInt8]>()) { $0.formUnion($1) }
        plan.steps = plan.steps.map { step in
            if case .heal = step { .heal(blockCount: all.count) } else { step }
        }
        for (id, count) in plan.lostBlockCounts.sorted(by: { $0.key < $1.key }) {
            plan.steps.append(
                .mark(snapshot: id, blockCount: count, drops: options.dropsIncomplete))
        }
    }

    /// Marks of a collection that has no session any more.
    private mutating func addMarks() async throws {
        let condemned = try await repository.catalog.condemned()
            .reduce(0) { $0 + $1.blocks.population }
        guard condemned > 0 else { return }
        let sessions = try await repository.catalog.sessions()
        guard !sessions.contains(where: { $0.kind == RepositorySession.Kind.collect.rawValue })
        else { return }
        plan.steps.append(.releaseCondemned(blockCount: condemned))
    }

    /// Whether all packs were read, and nothing is lost, damaged or out of reach.
    private func isWhole() async throws -> Bool {
        let isSound = plan.steps.allSatisfy { step in
            switch step {
            case .releaseCondemned, .remove: true
            default: false
            }
        }
        let incomplete = try await repository.catalog.lostBlockCounts()
        return options.readsPacks && isSound && plan.losses.isEmpty && plan.leftAlone.isEmpty
            && incomplete.isEmpty
    }

    /// Files in the repository's own directory that a program which died has left.
    private mutating func addLeftovers() async throws {
        let now = WallClock.milliseconds / 1000
        let found = try await BlockingPool.shared.run { [repository] in
            let directory = try Directory(repository.path)
            var stream = try DirectoryStream(directory)
            var found: [(name: String, age: Int64)] = []
            while let entry = try stream.next() {
                let name = String(decoding: entry.name, as: UTF8.self)
                let modified = try directory.status(of: entry.name).modified.seconds
                found.append((name, now - modified))
            }
            return found.sorted { $0.name < $1.name }
        }
        for (name, age) in found {
            if name == "catalog.sqlite.damaged" {
                guard options.discardsSetAside else { continue }
                plan.steps.append(
                    .remove(path: name, why: "a damaged catalog that has been replaced"))
            } else if age > Self.temporaryAgeSeconds,
                name.hasPrefix(".config-") || name.hasPrefix("catalog.sqlite.draft")
            {
                plan.steps.append(.remove(path: name, why: "left by a program that died"))
            }
        }
    }

    /// Damaged packs that were set aside, if that is asked for or nothing is lost: then a repair
    /// that was killed has left them.
    private mutating func addSetAside() async throws {
        let isWhole = try await isWhole()
        guard options.discardsSetAside || isWhole else { return }
        for tier in repository.tiers {
            let packs = try await repository.packs.packsSetAside(in: tier)
            guard !packs.isEmpty else { continue }
            plan.steps.append(
                .removeSetAside(
                    tier, packs.map(\.name), byteCount: packs.reduce(0) { $0 + $1.byteCount }))
        }
    }
}
