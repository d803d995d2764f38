// SPDX-License-Identifier: Apache-2.0

import Foundation
import KademliaDHT
import KademliaSimulation
import Multiformats
import Provide

// Simulates a DHT and prints what look-ups and announcements come to, as a Markdown table.
// `swift run -c release DHTSimulation [PEERS] [CIDS] [SEED] [sweep]`, 10,000, 2,000 and 1 by
// default; with `sweep` only that, not one by one.

/// One strategy in a network of its own.
struct Trial {
    let strategy: any AnnouncerStrategy
    let options: SimulationOptions
    let keyCount: Int

    /// Rows of the table: announces, lets 24 hours pass, and announces again at 22 h.
    func run() throws -> [(String, String)] {
        let simulation = Simulation(options)
        let client = SimulatedClient(in: simulation)
        simulation.run(until: .seconds(600))
        let keys = simulation.makeKeys(keyCount)
        let before = client.counts
        try announce(keys, client)
        let counts = client.counts.since(before)
        let announced = simulation.now
        let fresh = simulation.countFindable(keys)
        simulation.run(until: announced + .seconds(22 * 3600))
        let old = simulation.countFindable(keys)
        try announce(keys, client)
        simulation.run(until: announced + .seconds(24 * 3600))
        let day = simulation.countFindable(keys)
        func perKey(_ count: Int) -> String { number(Double(count) / Double(keyCount), 3) }
        func share(_ count: Int) -> String {
            "\(number(100 * Double(count) / Double(keyCount), 2)) % of \(keyCount)"
        }
        return [
            ("\(strategy.name): look-ups per CID", perKey(counts.lookups)),
            ("\(strategy.name): look-up messages per CID", perKey(counts.lookup)),
            ("\(strategy.name): ADD_PROVIDER per CID", perKey(counts.records)),
            ("\(strategy.name): streams per CID", perKey(counts.streams)),
            ("\(strategy.name): CIDs found at once", share(fresh)),
            ("\(strategy.name): found after 22 h, just before the next cycle", share(old)),
            ("\(strategy.name): found after 24 h, the next cycle done", share(day)),
        ]
    }

    private func announce(_ keys: [Multihash], _ client: SimulatedClient) throws {
        let clock = SimulationClock(client.simulation)
        try client.simulation.run { [strategy] in
            try await strategy.announce(keys, through: client, clock: clock)
        }
    }
}

func number(_ value: Double, _ digits: Int) -> String {
    value.formatted(.number.precision(.fractionLength(digits)).grouping(.never))
}

func seconds(_ duration: Duration) -> String { number(duration / .seconds(1), 2) + " s" }

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
var options = SimulationOptions()
options.peerCount = arguments.first ?? 10_000
options.seed = UInt64(arguments.dropFirst(2).first ?? 1)
let keyCount = arguments.dropFirst().first ?? 2_000

let quiet = Simulation(options)
let lookups = quiet.measureLookups(1_000)
var rows: [(String, String)] = [
    ("peers, dead share", "\(options.peerCount), \(number(100 * options.deadShare, 0)) %"),
    (
        "leaving per hour, of those coming back",
        "\(number(100 * options.leavingPerHour, 0)) %, \(number(100 * options.returningShare, 0)) %"
    ),
    ("look-ups", "\(lookups.count)"),
    ("mean hops", number(lookups.meanHops, 2)),
    (
        "mean requests, of those unanswered",
        "\(number(lookups.meanRequests, 1)), \(number(lookups.meanFailures, 1))"
    ),
    ("mean duration", seconds(lookups.meanDuration)),
    (
        "nearest peer found",
        "\(number(100 * Double(lookups.foundNearestCount) / Double(lookups.count), 2)) %"
    ),
    ("of the 20 nearest, found", "\(number(100 * lookups.foundShare, 2)) %"),
]

/// The announcer's way: region after region, all records of a peer over one stream.
struct Sweep: AnnouncerStrategy {
    let bitCount: Int

    var name: String { "sweep" }

    func announce(
        _ keys: [Multihash], through routing: some ProviderRouting, clock: any Clock<Duration>
    ) async throws {
        _ = try await KeySweep(DHTProvideNetwork(routing)).announce(keys, bitCount: bitCount)
    }
}

// Some 25 peers per region at first, as the announcer's own guess comes out.
let regionBitCount = max(Int(log2(Double(options.peerCount) / 25)), 0)
var strategies: [any AnnouncerStrategy] = [Sweep(bitCount: regionBitCount)]
if CommandLine.arguments.last != "sweep" { strategies.append(OneByOne()) }
for strategy in strategies {
    rows += try Trial(strategy: strategy, options: options, keyCount: keyCount).run()
}
print("| measure | value |\n| --- | --- |")
for (name, value) in rows { print("| \(name) | \(value) |") }
