// SPDX-License-Identifier: Apache-2.0

// How fast the catalog takes blocks and finds them, from an empty file to many millions.
//
//     CatalogScale FILE MILLIONS [BLOCKS-PER-COMMIT] [MILLIONS-PER-LINE]
//
// Digests are made up, so no data is stored. Each line is one step of the growth. `cpu` is user and
// system time of this process; it depends less than `wall` on what else the machine does.

import BlockStore
import Catalog
import Foundation

/// User and system time of this process so far, in seconds.
func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(0, &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Resident memory that is this process's own (no file pages), in MiB.
func residentMebibytes() throws -> Double {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
    return kibibytes.flatMap { Double($0) }.map { $0 / 1024 } ?? 0
}

/// Wall and CPU time of a piece of work.
struct Cost {
    var wall = 0.0
    var cpu = 0.0
    var longest = 0.0

    mutating func measure<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let clock = ContinuousClock()
        let start = (clock.now, cpuSeconds())
        let result = try await body()
        let elapsed = (clock.now - start.0) / .seconds(1)
        wall += elapsed
        longest = max(longest, elapsed)
        cpu += cpuSeconds() - start.1
        return result
    }

    func microseconds(per count: Int) -> String {
        number(wall / Double(count) * 1e6) + "/" + number(cpu / Double(count) * 1e6)
    }
}

func number(_ value: Double, _ digits: Int = 2) -> String {
    String(format: "%.\(digits)f", value)
}

/// The multihash of a made-up SHA-256 digest.
func multihash(_ number: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 34) { bytes, count in
        bytes[0] = 0x12
        bytes[1] = 0x20
        var state = UInt64(truncatingIfNeeded: number) &* 0x1_0000_01b3
        for word in 0..<4 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            mixed ^= mixed >> 31
            for byte in 0..<8 {
                bytes[2 + word * 8 + byte] = UInt8(truncatingIfNeeded: mixed >> (8 * UInt64(byte)))
            }
        }
        count = 34
    }
}

/// Times look-ups of keys that are all held or all absent, `perCall` at a time.
func lookUp(
    _ catalog: SQLiteCatalog, _ numbers: [Int], perCall: Int, held: Bool
) async throws -> String {
    var cost = Cost()
    for start in stride(from: 0, to: numbers.count, by: perCall) {
        let keys = numbers[start..<min(start + perCall, numbers.count)].map(multihash)
        let answers = try await cost.measure { try await catalog.places(of: keys) }
        precondition(answers.allSatisfy { ($0 != nil) == held }, "a look-up answered wrongly")
    }
    return cost.microseconds(per: numbers.count)
}

/// Prints one line on a catalog of `count` blocks, `added` of which cost `commits`.
func report(
    _ catalog: SQLiteCatalog, count: Int, added: Int, _ commits: Cost
) async throws {
    var generator = SystemRandomNumberGenerator()
    let resident = try residentMebibytes()
    let bytes = try await catalog.totals().catalogByteCount
    let absent = (0..<50_000).map { -1_000_000_000 - $0 }.shuffled(using: &generator)
    let held = (0..<50_000).map { _ in Int.random(in: 0..<count, using: &generator) }
    let fields = [
        number(Double(count) / 1e6), commits.microseconds(per: max(added, 1)),
        number(commits.longest), number(Double(bytes) / Double(count), 1), number(resident, 0),
        try await lookUp(catalog, absent, perCall: 50_000, held: false),
        try await lookUp(catalog, held, perCall: 50_000, held: true),
        try await lookUp(catalog, Array(absent.prefix(12_800)), perCall: 64, held: false),
        try await lookUp(catalog, Array(held.prefix(12_800)), perCall: 64, held: true),
    ]
    print(fields.joined(separator: "\t"))
    fflush(nil)
}

func run() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3, let millions = Double(arguments[2]) else {
        print("usage: CatalogScale FILE MILLIONS [BLOCKS-PER-COMMIT] [MILLIONS-PER-LINE]")
        exit(2)
    }
    let perCommit = arguments.count > 3 ? Int(arguments[3]) ?? 65_536 : 65_536
    let step = Int((arguments.count > 4 ? Double(arguments[4]) ?? 1 : 1) * 1_000_000)
    let catalog = try await SQLiteCatalog.open(at: arguments[1])
    var small = Cost()
    for call in 0..<2_000 {
        let keys = (0..<64).map { multihash(-1 - call * 64 - $0) }
        _ = try await small.measure { try await catalog.places(of: keys) }
    }
    print(
        "64 keys per call on what is there at the start: \(small.microseconds(per: 2_000)) µs/call")
    print("look-ups: µs per key, wall/cpu; batches of 50,000, then of 64")
    print("blocks\tµs/block\tlongest commit s\tB/block\tRSS MiB\tabsent\theld\tabsent 64\theld 64")

    var count = try await catalog.totals().blockCount
    let end = Int(millions * 1_000_000)
    if count > 0 { try await report(catalog, count: count, added: 0, Cost()) }
    while count < end {
        var commits = Cost()
        let start = count
        while count < min(start + step, end) {
            let blockCount = min(perCommit, start + step - count)
            let blocks = (0..<blockCount).map {
                NewBlock(multihash: multihash(count + $0), ordinal: UInt32($0))
            }
            let pack = PackRecord(
                id: .make(), kind: .leaves, tier: .hot, blockCount: blockCount, byteCount: 0,
                storedByteCount: 0, createdAtMilliseconds: 0)
            try await commits.measure { try await catalog.commit(pack, blocks: blocks) }
            count += blockCount
        }
        try await report(catalog, count: count, added: count - start, commits)
    }
    try await catalog.close()
}

try await run()
