// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Workloads

/// Runs one workload for `Benchmarks/gate`, which counts what happens between the boundaries.
///
///     WorkloadRunner list            the names, and how many iterations are counted of each
///     WorkloadRunner run NAME        runs it N times to warm up, N times, and 2 N times
@main
struct WorkloadRunner {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments == ["list"] {
            for workload in Workload.all { print(workload.name, workload.iterations) }
        } else if arguments.count == 2, arguments.first == "run",
            let workload = Workload.all.first(where: { $0.name == arguments.last })
        {
            let executor = MainThreadExecutor()
            // Unstructured: owned by this process, which ends with it.
            Task(executorPreference: executor) { await run(workload) }
            executor.run()
        } else {
            fail("usage: WorkloadRunner list | run NAME", status: 2)
        }
    }

    private static func run(_ workload: Workload) async {
        do {
            print(workload.name, try await sum(of: workload))
        } catch {
            fail("\(workload.name): \(error)", status: 1)
        }
        exit(0)
    }

    /// Runs all three counts; the sum of their results is printed, so that no workload can be
    /// optimized away.
    private static func sum(of workload: Workload) async throws -> Int {
        let body = try await workload.prepare()
        var sum = try await body(workload.iterations)
        boundary()
        sum &+= try await body(workload.iterations)
        boundary()
        sum &+= try await body(2 * workload.iterations)
        boundary()
        return sum
    }

    /// Where callgrind writes down its counts and begins anew: `gate` knows it by its name.
    @inline(never)
    private static func boundary() {
        boundaries.wrappingAdd(1, ordering: .relaxed)
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(status)
    }
}

/// How many boundaries were passed; a side effect that keeps them from being optimized away.
private let boundaries = Atomic(0)
