// SPDX-License-Identifier: Apache-2.0

import FileIO

/// Times pieces of work.
enum Trial {
    /// The rates of `work`, which is done over and over for at least `budget` on one core alone,
    /// then on all of `cores` cores at once.
    ///
    /// - Parameters:
    ///   - byteCount: the bytes of one call.
    ///   - worker: makes one worker; each is used by one thread.
    static func rate(
        _ name: String, byteCount: Int, cores: Int, budget: Duration,
        worker: @escaping @Sendable () throws -> () throws -> Void
    ) async throws -> Ceilings.CoreRate {
        let alone = try await BlockingPool.shared.run { try cpuSecondsPerCall(budget, worker) }
        var together = alone
        if cores > 1 {
            together = try await withThrowingTaskGroup(of: Double.self) { group in
                for _ in 0..<cores {
                    group.addTask {
                        try await BlockingPool.shared.run { try cpuSecondsPerCall(budget, worker) }
                    }
                }
                var total = 0.0
                for try await seconds in group { total += seconds }
                return total / Double(cores)
            }
        }
        let bytes = Double(byteCount)
        return Ceilings.CoreRate(
            name: name, perCore: bytes / alone, allCores: bytes / together * Double(cores))
    }

    /// The median of the CPU seconds that calls take within `budget`, on the thread that it runs
    /// on.
    ///
    /// Not the least: where a thread is interrupted, the kernel at times counts too little.
    private static func cpuSecondsPerCall(
        _ budget: Duration, _ worker: () throws -> () throws -> Void
    ) throws -> Double {
        let work = try worker()
        try work()  // warm: buffers grow, pages are touched
        let begun = ContinuousClock.now
        var trials: [Double] = []
        repeat {
            try Task.checkCancellation()
            let start = CPUClock.thread
            try work()
            trials.append((CPUClock.thread - start).inSeconds)
        } while begun.duration(to: .now) < budget
        return max(trials.lowerMedian ?? 0, 1e-9)
    }
}

extension Duration {
    /// The duration in seconds, with fractions.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension Sequence<Double> {
    /// The middle value, the lower of two; nil without values.
    var lowerMedian: Double? {
        let sorted = sorted()
        return sorted.isEmpty ? nil : sorted[(sorted.count - 1) / 2]
    }
}
