// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bench
import Ingest
import Pipeline

/// The results of a benchmark as one JSON document; each figure's unit is in its key.
struct BenchJSON {
    private let result: BenchResult

    init(_ result: BenchResult) { self.result = result }

    var value: JSON {
        .object([
            ("machine", machine), ("settings", settings), ("ceilings", ceilings),
            ("corpora", .array(result.sources.map(source))),
        ])
    }

    private var machine: JSON {
        let system = result.system
        return .object([
            ("cores", .count(system.coreCount)), ("processor", .text(system.processor)),
            ("memoryBytes", system.memoryByteCount.map { .count($0) } ?? .null),
            ("kernel", .text(system.kernel)), ("dataFileSystem", .text(system.dataFileSystem)),
            ("storeFileSystem", .text(system.storeFileSystem)),
        ])
    }

    private var settings: JSON {
        let plan = result.plan
        return .object([
            ("version", .string(Cairn.configuration.version)), ("seed", .string("\(plan.seed)")),
            ("runs", .count(plan.runs)), ("compression", .string("\(plan.options.compression)")),
            ("memoryBytes", .count(plan.options.memory.byteCount)),
            (
                "widths",
                .object([
                    ("read", .count(plan.options.widths.read)),
                    ("hash", .count(plan.options.widths.hash)),
                    ("compress", .count(plan.options.widths.compress)),
                ])
            ),
        ])
    }

    private var ceilings: JSON {
        let ceilings = result.ceilings
        return .object([
            ("cachedReadBytesPerCPUSecond", Self.number(ceilings.cachedReadRate)),
            ("deviceReadBytesPerSecond", ceilings.deviceReadRate.map(Self.number) ?? .null),
            ("cachedWriteBytesPerCPUSecond", Self.number(ceilings.cachedWriteRate)),
            ("durableWriteBytesPerSecond", Self.number(ceilings.durableWriteRate)),
            ("syncSeconds", Self.seconds(ceilings.syncSeconds)),
            ("hashes", .array(ceilings.hashes.map { .object(Self.rate($0)) })),
            ("catalogInsertsPerSecond", Self.number(ceilings.insertRate)),
            ("catalogInsertCPUSeconds", .double(ceilings.insertCPUSeconds)),
            ("catalogHitsPerSecond", Self.number(ceilings.hitRate)),
            ("catalogMissesPerSecond", Self.number(ceilings.missRate)),
        ])
    }

    private func source(_ source: SourceResult) -> JSON {
        let (typical, limit) = (source.typical, source.limit)
        return .object([
            ("name", .string(source.name)), ("files", .count(source.size.files)),
            ("directories", .count(source.size.directories)),
            ("bytes", .count(source.size.bytes)), ("medianSeconds", Self.seconds(typical.seconds)),
            ("minimumSeconds", Self.seconds(source.spread.lowerBound)),
            ("maximumSeconds", Self.seconds(source.spread.upperBound)),
            ("bytesPerSecond", Self.number(Double(source.size.bytes) / typical.seconds)),
            ("filesPerSecond", Self.number(Double(source.size.files) / typical.seconds)),
            ("cpuSeconds", Self.seconds(typical.cpuSeconds)),
            ("peakResidentBytes", source.peakByteCount.map { .count($0) } ?? .null),
            ("storedBytes", .count(typical.counts.storedBytes)),
            ("newBlocks", .count(typical.counts.newBlocks)),
            ("skippedInputs", .count(typical.counts.skipped)),
            ("bottleneck", .text(typical.report.bottleneck?.name)),
            ("limit", self.limit(limit)), ("shareOfLimit", .double(source.shareOfLimit)),
            ("withTwiceTheCores", whatIf(source.moreCores)),
            ("withTwiceTheDisk", whatIf(source.fasterDisk)),
            ("scanCPUSeconds", Self.seconds(source.cost.scanSeconds)),
            ("readCPUSeconds", Self.seconds(source.cost.readSeconds)),
            ("compression", .object(Self.rate(source.cost.compression))),
            (
                "levels",
                .array(
                    source.cost.levels.map {
                        .object(Self.rate($0.rate) + [("ratio", .double($0.ratio))])
                    })
            ), ("runs", .array(source.runs.map(run))),
        ])
    }

    private func limit(_ limit: Limit) -> JSON {
        .object([
            ("seconds", Self.seconds(limit.total)), ("boundBy", .string(limit.bound.rawValue)),
            (
                "resourceSeconds",
                .object(
                    Limit.Resource.allCases.map {
                        ($0.rawValue, Self.seconds(limit.seconds[$0, default: 0]))
                    })
            ),
            (
                "coreSeconds",
                .object(limit.parts.map { ($0.name, Self.seconds($0.coreSeconds)) })
            ), ("finalSyncSeconds", Self.seconds(limit.finalSeconds)),
            ("fromDeviceSeconds", limit.totalFromDevice.map(Self.seconds) ?? .null),
        ])
    }

    private func whatIf(_ change: WhatIf) -> JSON {
        .object([
            ("limitSeconds", Self.seconds(change.limitSeconds)), ("gain", .double(change.gain)),
        ])
    }

    private func run(_ run: RunRecord) -> JSON {
        .object([
            ("seconds", Self.seconds(run.seconds)), ("cpuSeconds", Self.seconds(run.cpuSeconds)),
            ("peakResidentBytes", run.peakByteCount.map { .count($0) } ?? .null),
            ("stages", .array(run.report.stages.map { stage($0, run.report.elapsed) })),
            (
                "timeline",
                .array(
                    run.timeline.intervals(atMost: 50).map { interval in
                        .object([
                            ("seconds", Self.seconds(interval.seconds)),
                            ("readBytesPerSecond", Self.number(interval.readRate)),
                            ("storedBytesPerSecond", Self.number(interval.storeRate)),
                            (
                                "utilisation",
                                .object(
                                    zip(run.timeline.stages, interval.utilisation).map {
                                        ($0, .double(($1 * 1000).rounded() / 1000))
                                    })
                            ),
                        ])
                    })
            ),
        ])
    }

    private func stage(_ stage: StageReport, _ elapsed: Duration) -> JSON {
        .object([
            ("name", .string(stage.name)), ("width", .count(stage.width)),
            ("busySeconds", .seconds(stage.busy)),
            ("inputWaitSeconds", .seconds(stage.inputWait)),
            ("outputWaitSeconds", .seconds(stage.outputWait)),
            ("utilisation", .double(stage.utilisation(over: elapsed))),
        ])
    }

    private static func rate(_ rate: Ceilings.CoreRate) -> [(String, JSON)] {
        [
            ("name", .string(rate.name)), ("bytesPerCPUSecond", number(rate.perCore)),
            ("allCoresBytesPerSecond", number(rate.allCores)),
        ]
    }

    private static func number(_ value: Double) -> JSON { .double(value.rounded()) }

    private static func seconds(_ value: Double) -> JSON {
        .double((value * 1e6).rounded() / 1e6)
    }
}
