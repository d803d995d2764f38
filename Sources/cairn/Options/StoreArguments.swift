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

    /// Puts what was given into `options`.
    func apply(to options: inout IngestOptions, config: RepositoryConfig?) throws {
        if let text = compression ?? config?.compression {
            guard let parsed = Compression(text) else {
                throw UsageError(
                    message: "--compression \(text): give auto, none, or zstd:N with N from 1 to 19"
                )
            }
            options.compression = parsed
        }
        if let memory {
            guard let byteCount = ByteSize.parse(memory), byteCount >= MemoryPlan.minimum else {
                throw UsageError(
                    message: "--memory \(memory): give a size of at least 64MiB, such as 256MiB")
            }
            options.memory = MemoryPlan(byteCount: byteCount)
        }
        for setting in width {
            let parts = setting.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let count = Int(parts[1]), (1...1024).contains(count),
                options.widths.set(String(parts[0]), to: count)
            else {
                throw UsageError(
                    message:
                        "--width \(setting): give STAGE=N with a stage of \(StageWidths.names.joined(separator: ", ")) and N from 1 to 1024"
                )
            }
        }
        options.tags = tag
    }
}

/// Sizes as people write them.
enum ByteSize {
    /// "4096", "64k", "256MiB", "1GB": K, M, G, T are binary with or without `iB`, decimal with `B`
    /// alone.
    ///
    /// Nil if it is no size.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let suffix = text.dropFirst(digits.count).lowercased()
        if suffix.isEmpty || suffix == "b" { return number }
        guard let exponent = ["k", "m", "g", "t"].firstIndex(of: String(suffix.prefix(1))) else {
            return nil
        }
        let base: Int
        switch suffix.dropFirst() {
        case "", "ib": base = 1024
        case "b": base = 1000
        default: return nil
        }
        var result = number
        for _ in 0...exponent {
            let (product, overflow) = result.multipliedReportingOverflow(by: base)
            if overflow { return nil }
            result = product
        }
        return result
    }
}
