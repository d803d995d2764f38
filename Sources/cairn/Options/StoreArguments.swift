// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ingest
import PackStore
import Repository

/// How blocks are compressed and how much of the machine is used: shared by ingest and import.
struct StoreArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How packs are compressed: auto (default), zstd:N with N from 1 to 19, or none.",
            valueName: "how"),
        completion: .list(["auto", "none", "zstd:1", "zstd:3", "zstd:9", "zstd:19"]))
    var compression: String?

    @Option(
        help: ArgumentHelp(
            "The memory budget, such as 256MiB (default) or 1GiB; at least 64MiB.",
            valueName: "size"))
    var memory: String?

    @Option(
        help: ArgumentHelp(
            "Workers of a stage, such as hash=4; repeatable. Stages: \(StageWidths.names.joined(separator: ", ")).",
            valueName: "stage=n"))
    var width: [String] = []

    @Option(help: ArgumentHelp("A word to keep with the snapshot; repeatable.", valueName: "word"))
    var tag: [String] = []

    /// What was given, for an ingest.
    func settings() throws -> IngestSettings {
        var settings = IngestSettings()
        settings.compression = try compression.map { text in
            guard let parsed = Compression(text) else {
                throw UsageError(
                    message: "--compression \(text): give auto, none, or zstd:N with N from 1 to 19"
                )
            }
            return parsed
        }
        settings.memoryByteCount = try memory.map { text in
            guard let byteCount = ByteSize.parse(text), byteCount >= MemoryPlan.minimum else {
                throw UsageError(
                    message: "--memory \(text): give a size of at least 64MiB, such as 256MiB")
            }
            return byteCount
        }
        for setting in width {
            let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let count = Int(parts[1]),
                (1...StageWidths.limit).contains(count), StageWidths.names.contains(parts[0])
            else {
                throw UsageError(
                    message:
                        "--width \(setting): give STAGE=N with a stage of \(StageWidths.names.joined(separator: ", ")) and N from 1 to \(StageWidths.limit)"
                )
            }
            settings.widths[parts[0]] = count
        }
        settings.tags = tag
        return settings
    }
}
