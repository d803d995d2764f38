// SPDX-License-Identifier: Apache-2.0

import Benchmark
import Workloads

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .throughput, .cpuTotal, .instructions, .peakMemoryResident],
        warmupIterations: 1, maxDuration: .seconds(2), maxIterations: 1_000_000)
    for workload in Workload.all {
        Benchmark(workload.name) { benchmark in
            let body = try await workload.prepare()
            benchmark.startMeasurement()
            blackHole(try await body(workload.iterations))
            benchmark.stopMeasurement()
        }
    }
}
