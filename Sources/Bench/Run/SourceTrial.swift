// SPDX-License-Identifier: Apache-2.0

import FileIO
import Ingest
import Multiformats
import Pipeline
import Repository
import UnixFS

/// One source on its way through a benchmark.
struct SourceTrial {
    let source: BenchPlan.Source
    private let number: Int
    private let plan: BenchPlan
    private let path: String
    private let store: Directory
    private let size: CorpusCounts
    private var walks: [TreeWalk.Findings] = []
    private var records: [RunRecord] = []

    /// Makes the corpus, or looks at the user's data; a source that is repeated is ingested once.
    static func prepare(
        _ source: BenchPlan.Source, number: Int, plan: BenchPlan, data: Directory,
        store: Directory
    ) async throws -> SourceTrial {
        let path: String
        switch source {
        case .path(let given): path = given
        case .corpus(let corpus, let byteCount):
            path = "\(data.path)/\(corpus.rawValue)-\(number)"
            _ = try await BlockingPool.shared.run {
                try corpus.write(byteCount: byteCount, seed: plan.seed, toNew: path)
            }
        }
        let found = try await BlockingPool.shared.run { try walk(path) }
        var size = CorpusCounts()
        (size.files, size.directories, size.bytes) = (found.files, found.directories, found.bytes)
        let trial = SourceTrial(
            source: source, number: number, plan: plan, path: path, store: store, size: size)
        if source.isRepeated { _ = try await trial.ingest(named: trial.repositoryName(round: 0)) }
        return trial
    }

    private init(
        source: BenchPlan.Source, number: Int, plan: BenchPlan, path: String, store: Directory,
        size: CorpusCounts
    ) {
        self.source = source
        self.number = number
        self.plan = plan
        self.path = path
        self.store = store
        self.size = size
    }

    /// Looks at the tree at `path` without reading its files.
    ///
    /// - Throws: ``BenchError`` if it cannot be listed or holds no file.
    static func walk(_ path: String) throws -> TreeWalk.Findings {
        let found: TreeWalk.Findings
        do { found = try TreeWalk.walk(path, reads: false) } catch let error as IOError {
            throw BenchError(.source, "cannot read \(path): \(error.reason)")
        }
        guard found.files > 0 else {
            throw BenchError(.source, "\(path) holds no file that could be measured")
        }
        return found
    }

    /// Reads the source once, which fills the page cache and is timed, too; then ingests it.
    mutating func measure(round: Int) async throws {
        let path = path
        walks.append(
            try await BlockingPool.shared.run {
                let found = try TreeWalk.walk(path, reads: true)
                // What is still to be written would be written during the run.
                FileSystem.synchronizeAll()
                return found
            })
        let name = repositoryName(round: source.isRepeated ? 0 : round)
        records.append(try await ingest(named: name))
        if !source.isRepeated { try await Scratch.remove(Array(name.utf8), from: store) }
    }

    /// The most bytes per second that a run made durable.
    var shownStoreRate: Double {
        records.map { Double($0.counts.storedBytes) / $0.seconds }.max() ?? 0
    }

    private func repositoryName(round: Int) -> String { "repository-\(number)-\(round)" }

    private func ingest(named name: String) async throws -> RunRecord {
        let repository = try await Repository.open("\(store.path)/\(name)", creating: true)
        var options = plan.options
        options.spillDirectory = store.path
        let run = IngestRun(repository: repository, options: options)
        PeakMemory.reset()
        let (cpu, start) = (CPUClock.process, ContinuousClock.now)
        let (result, seconds, timeline) = try await Self.sampling(run) { [path] in
            let result = try await run.run([.path(path)])
            return (result, start.duration(to: .now).inSeconds)
        }
        return RunRecord(
            seconds: seconds, cpuSeconds: (CPUClock.process - cpu).inSeconds,
            peakByteCount: PeakMemory.byteCount, counts: result.counts, report: result.report,
            timeline: timeline)
    }

    /// Runs `body` and samples `run` meanwhile.
    private static func sampling(
        _ run: IngestRun,
        _ body: @escaping @Sendable () async throws -> (IngestResult, Double)
    ) async throws -> (IngestResult, Double, Timeline) {
        async let sampled = sample(run)
        let (result, seconds) = try await body()
        var timeline = await sampled
        timeline.add(result.report, isLast: true)
        return (result, seconds, timeline)
    }

    /// Samples `run` until its pipeline has ended, or the task is cancelled.
    private static func sample(_ run: IngestRun) async -> Timeline {
        var timeline = Timeline()
        var (last, interval) = (Duration.seconds(-1), Duration.milliseconds(4))
        while !Task.isCancelled {
            let report = run.report
            // A pipeline that has ended tells the same time for ever.
            if report.elapsed == last, last > .zero { break }
            last = report.elapsed
            timeline.add(report)
            if timeline.samples.count == Timeline.sampleLimit { interval = .milliseconds(20) }
            do { try await Task.sleep(for: interval) } catch { break }  // cancelled: as above
        }
        return timeline
    }
}

extension SourceTrial {
    /// The figures, when all runs are over.
    func result(_ ceilings: Ceilings, cores: Int) async throws -> SourceResult {
        let cost = try await CorpusProbe(
            path: path, byteCount: size.bytes, compression: plan.options.compression,
            cores: cores, effort: plan.effort
        ).measure(walks)
        let summary =
            switch source {
            case .corpus(let corpus, _): corpus.summary
            case .path: "data of yours"
            }
        var result = SourceResult(
            name: source.name, summary: summary, size: size, cost: cost, runs: records,
            work: Work())
        result.work = work(result.typical.counts, cost, ceilings, cores)
        return result
    }

    private func work(
        _ counts: IngestCounts, _ cost: CorpusCost, _ ceilings: Ceilings, _ cores: Int
    ) -> Work {
        var work = Work()
        work.cores = cores
        work.scanSeconds = cost.scanSeconds
        // Data, its directory, the catalog, the snapshot: each only after the one before.
        work.finalSyncs = 4
        work.syncSeconds = ceilings.syncSeconds
        // What has not changed need not be read again; a look at each entry is all it takes.
        if source.isRepeated { return work }
        work.readSeconds =
            cost.readSeconds * min(1, Double(counts.bytes) / Double(max(1, size.bytes)))
        work.hashBytes = Double(counts.blockBytes)
        let hash = plan.options.dag.hash.name
        work.hashRate = ceilings.hashes.first { $0.name == hash }?.allCores ?? .infinity
        work.compressBytes = Double(counts.contentBytes)
        work.compressRate = cost.compression.allCores
        work.storeBytes = Double(counts.storedBytes)
        work.storeRate = ceilings.durableWriteRate
        work.storeCPURate = ceilings.cachedWriteRate
        work.insertRows = Double(counts.newBlocks)
        work.insertRate = ceilings.insertRate
        work.insertCPUSeconds = ceilings.insertCPUSeconds
        work.deviceReadBytes = Double(counts.bytes)
        work.deviceReadRate = ceilings.deviceReadRate
        return work
    }
}
