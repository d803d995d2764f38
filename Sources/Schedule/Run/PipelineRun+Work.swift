// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO
import Ingest
import Multiformats
import Repository
import Synchronization

extension PipelineRun {
    /// The tag by which the snapshots of a pipeline are known.
    public static func tag(of pipeline: String) -> String { "pipeline:\(pipeline)" }

    /// Everything that the time budget covers.
    func work() async throws {
        try await run(declaration.hooks.before, as: "before")
        let result = try await ingestSources()
        report.withLock {
            $0.result = result
            $0.record.snapshotID = result.snapshot?.id
            $0.record.root = result.roots.first?.cid.bytes
        }
        guard declaration.ingest.purpose == .store else { return }
        try await runSteps(after: result)
    }

    private func ingestSources() async throws -> IngestResult {
        surroundings.onStep("ingest")
        var settings = declaration.ingest
        settings.tags.append(Self.tag(of: declaration.name))
        var options = try settings.options(
            config: repository.config,
            spillDirectory: surroundings.temporaryDirectory ?? repository.path)
        options.clock = { [clock = repository.clock] in clock.now }
        let run = IngestRun(repository: repository, options: options, counters: counters)
        ingest.withLock { $0 = run }
        return try await run.run(declaration.ingestSources)
    }

    /// Runs hooks in order; the first that fails ends it.
    func run(_ hooks: [Hook], as kind: String) async throws {
        for hook in hooks {
            surroundings.onStep("hook \(kind)")
            let environment = environment(of: kind)
            let ending: HookProcess.Ending
            do {
                let process = try await BlockingPool.shared.run {
                    try HookProcess(hook.command, environment: environment)
                }
                ending = try await process.end(within: hook.timeout)
            } catch let error as IOError {
                throw RunFailure(description: "hook \(kind): \(error)")
            }
            switch ending {
            case .exited(0): continue
            case .exited(let code):
                throw RunFailure(
                    description: "hook \(kind): `\(hook.text)` ended with exit code \(code)")
            case .signalled(let number):
                throw RunFailure(
                    description: "hook \(kind): `\(hook.text)` was ended by signal \(number)")
            case .timedOut:
                throw RunFailure(
                    description:
                        "hook \(kind): `\(hook.text)` took longer than \(TimeSpan.text(hook.timeout)) and was ended"
                )
            }
        }
    }

    /// What a hook is told.
    private func environment(of kind: String) -> [(String, String)] {
        let (record, result) = report.withLock { ($0.record, $0.result) }
        var variables = [
            ("CAIRN_HOOK", kind), ("CAIRN_PIPELINE", declaration.name),
            ("CAIRN_PIPELINE_FILE", declaration.path), ("CAIRN_REPO", repository.path),
            ("CAIRN_RUN", record.id), ("CAIRN_TRIGGER", record.trigger),
            ("CAIRN_STARTED", "\(record.startedAtMilliseconds / 1000)"),
        ]
        guard kind != "before" else { return variables }
        let finished = record.finishedAtMilliseconds ?? repository.clock.milliseconds
        variables += [
            ("CAIRN_STATE", record.state.rawValue), ("CAIRN_EXIT_CODE", "\(record.exitCode ?? 1)"),
            ("CAIRN_ERROR", record.error ?? ""),
            ("CAIRN_SNAPSHOT", record.snapshotID ?? ""),
            ("CAIRN_ROOTS", (result?.roots ?? []).map { "\($0.cid)" }.joined(separator: " ")),
            ("CAIRN_FILES", "\(record.files)"), ("CAIRN_BYTES", "\(record.bytes)"),
            ("CAIRN_NEW_BYTES", "\(record.newBytes)"),
            ("CAIRN_STORED_BYTES", "\(record.storedBytes)"),
            ("CAIRN_SKIPPED", "\(record.skipped)"),
            ("CAIRN_SECONDS", "\(max(0, finished - record.startedAtMilliseconds) / 1000)"),
        ]
        return variables
    }
}
