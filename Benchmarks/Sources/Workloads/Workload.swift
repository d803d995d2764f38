// SPDX-License-Identifier: Apache-2.0

/// One piece of Cairn to be counted or timed: a name, and how to make ready and run it.
///
/// A workload is made of seeds alone, so every run does the same.
public struct Workload: Sendable {
    /// Runs the workload so many times, and returns a sum over its results, so that no part of it
    /// can be left out as unused.
    public typealias Body = (_ iterations: Int) async throws -> Int

    /// `GROUP/WHAT`, such as `hash/sha2-256`.
    public let name: String

    /// The bytes that one iteration works on; 0 if its speed is not one of bytes.
    public let byteCount: Int

    /// How many iterations are counted: enough to drown what one run of the body costs, few enough
    /// for a simulator that is 50 times slower than the machine.
    public let iterations: Int

    /// Makes inputs, and a body that uses them.
    public let prepare: @Sendable () async throws -> Body

    init(
        _ name: String, byteCount: Int = 0, iterations: Int,
        prepare: @escaping @Sendable () async throws -> Body
    ) {
        self.name = name
        self.byteCount = byteCount
        self.iterations = iterations
        self.prepare = prepare
    }

    /// A workload whose iterations are alike, need not wait, and return what is summed up.
    init(
        _ name: String, byteCount: Int = 0, iterations: Int,
        each: @escaping @Sendable () throws -> () throws -> Int
    ) {
        self.init(name, byteCount: byteCount, iterations: iterations) {
            let once = try each()
            return { iterations in
                var sum = 0
                for _ in 0..<iterations { sum &+= try once() }
                return sum
            }
        }
    }

    /// The part of the name before the slash.
    public var group: Substring { name.prefix { $0 != "/" } }

    /// All workloads, group by group.
    public static let all =
        formats + hashes + chunkers + codecs + directories + archives + packs + catalogs + channels
}
