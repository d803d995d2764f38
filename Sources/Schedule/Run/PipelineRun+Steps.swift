// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO
import Foundation
import Ingest
import Lifecycle
import Repository
import Synchronization

extension PipelineRun {
    /// What comes after the ingest.
    ///
    /// A step that fails does not keep the others from being done,
    /// but nothing is collected after a retention that failed.
    func runSteps(after result: IngestResult) async throws {
        var forgotten: Int? = 0
        if let retention = declaration.retention {
            forgotten = try await step("retention") { try await self.forget(retention) }
        }
        if let collection = declaration.collection, let forgotten,
            forgotten > 0 || collection.occasion == .always
        {
            try await step("gc") { (try await self.collect(collection), 0) }
        }
        // What is dead is not carried away first.
        if let tiering = declaration.tiering, tiering.appliesRules || !tiering.rules.isEmpty {
            try await step("tiers") { (try await self.move(tiering), 0) }
        }
        if let verification = declaration.verification {
            try await step("verify") { (try await self.verify(verification), 0) }
        }
        if declaration.announcement == .roots, let announce = surroundings.announce {
            try await step("announce") { (try await announce(self.repository, result), 0) }
        }
    }

    /// Runs a step and takes down what came of it.
    ///
    /// - Returns: the number that `body` gives with its words; nil if it failed.
    /// - Throws: `CancellationError` alone.
    @discardableResult
    private func step(
        _ name: String, _ body: @Sendable () async throws -> (text: String, count: Int)
    ) async throws -> Int? {
        try Task.checkCancellation()
        surroundings.onStep(name)
        do {
            let (text, count) = try await body()
            add(RunReport.Step(name: name, text: text, hasFailed: false))
            return count
        } catch let error as CancellationError {
            throw error
        } catch {
            add(RunReport.Step(name: name, text: "\(error)", hasFailed: true))
            return nil
        }
    }

    private func add(_ step: RunReport.Step) { report.withLock { $0.steps.append(step) } }

    /// Forgets what the rules do not keep of this pipeline's snapshots.
    private func forget(_ step: RetentionStep) async throws -> (text: String, count: Int) {
        var filter = SnapshotFilter()
        filter.tags = [[Self.tag(of: declaration.name)]]
        let zone = declaration.schedule?.namedZone.flatMap { TimeZone(identifier: $0.name) }
        let forget = Forget(repository)
        // One series per machine, also when the file's sources change.
        let groups = try await forget.plan(
            step.policy, of: filter, grouping: .host, now: repository.clock.milliseconds,
            in: zone ?? .current)
        let decisions = groups.flatMap(\.decisions)
        let gone = decisions.filter { !$0.isKept }.map(\.snapshot)
        if !gone.isEmpty { try await forget.forget(gone) }
        return (
            "\(decisions.count - gone.count) snapshots kept, \(gone.count) forgotten", gone.count
        )
    }

    /// Moves packs by the rules of the tiers in `config.yaml`, and of the pipeline.
    private func move(_ step: TieringStep) async throws -> String {
        let rules = step.rules.map { own in
            var rule = own.rule
            rule.tags = [Self.tag(of: declaration.name)]
            return (tier: own.tier, rule: rule)
        }
        let now = repository.clock.milliseconds
        let report = try await TierMove(repository).run {
            try await Tiering(repository).plan(
                applyingOwn: step.appliesRules, adding: rules, atMilliseconds: now)
        }
        guard report.failures.isEmpty else {
            throw RunFailure(description: report.failures.joined(separator: "; "))
        }
        return "\(report.doneCount) packs moved or copied, \(report.copiedByteCount) bytes"
    }

    /// Frees what nothing keeps.
    private func collect(_ step: CollectionStep) async throws -> String {
        let config = step.config.filled(from: repository.config.collection)
        var options = CollectionOptions(config)
        if let watermark = Watermark(config) {
            let reading = try await watermark.read(repository)
            guard reading.isDue else { return "not due: \(watermark.text(reading))" }
            options.freeTarget = reading.freeTarget
        }
        let report = try await GarbageCollection(repository, options: options).run()
        _ = try await CacheTier(repository).trim(
            to: repository.cacheLimits, atMilliseconds: repository.clock.milliseconds)
        guard report.damage.isEmpty else {
            throw RunFailure(
                description:
                    "\(report.damage.joined(separator: "; ")); see `cairn verify` and `cairn repair`"
            )
        }
        return
            "\(report.freedStoredByteCount) bytes freed, \(report.deletedPackCount) packs deleted, \(report.rewrittenPackCount) rewritten, \(report.mergedPackCount) merged"
    }

    /// Checks packs until all are checked or the step's time is up.
    private func verify(_ step: VerificationStep) async throws -> String {
        var options = Lifecycle.Verify.Options()
        options.sample = step.sample
        if let span = step.uncheckedFor {
            options.uncheckedSince = repository.clock.milliseconds - span.components.seconds * 1000
        }
        if let budget = step.budget { options.budget = .time(budget) }
        let found = try await Lifecycle.Verify(repository, options: options).run()
        let amount = "\(found.checkedPackCount) of \(found.packCount) packs checked"
        guard let first = found.findings.first else {
            let isWhole = found.checkedPackCount == found.packCount
            return amount + (isWhole ? "" : " within the budget, all sound; the next run goes on")
        }
        throw RunFailure(
            description:
                "\(amount), \(found.findingCount) faults, the first: \(first); see `cairn verify` and `cairn repair`"
        )
    }
}
