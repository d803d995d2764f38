// SPDX-License-Identifier: Apache-2.0

import Node

extension NodeIdentityReport {
    /// The report as JSON.
    var fields: [(String, JSON)] {
        [
            ("id", .string(id)), ("keyType", .string(keyType)), ("agent", .string(agent)),
            ("addresses", .strings(addresses)),
            ("protocols", .strings(protocols)), ("connections", .count(connections)),
            ("processID", .count(processID)),
        ]
    }
}

extension PeerReport {
    /// The report as JSON.
    var json: JSON {
        .object([
            ("id", .string(id)), ("addresses", .strings(addresses)),
            ("connected", .bool(connected)), ("agent", .text(agent)),
            ("protocols", protocols.map { .strings($0) } ?? .null),
        ])
    }

    /// The report on a line: the peer, then its addresses.
    var line: String { ([id] + addresses).map { Escape.name($0) }.joined(separator: " ") }
}

extension AnnounceReport {
    /// The report as JSON.
    var json: JSON {
        .object([
            ("strategy", .string(strategy)), ("connectivity", .string(connectivity)),
            ("total", .count(total)), ("done", .count(done)), ("due", .count(due)),
            ("fresh", .count(fresh)), ("failing", .count(failing)),
            ("waitingPacks", .count(waitingPacks)), ("regions", .count(regions)),
            ("runningRegions", .count(runningRegions)),
            ("failingRegions", .count(failingRegions)),
            ("recordsPerSecond", .double(recordsPerSecond)), ("records", .count(records)),
            ("lookups", .count(lookups)),
            ("cycleEnd", .string(Figures.time(milliseconds: cycleEnd * 1000))),
            ("lateSeconds", .integer(lateSeconds)), ("warning", .text(warning)),
            ("errors", .strings(errors)),
        ])
    }

    /// The report for people.
    var lines: [String] {
        [
            "strategy: \(strategy)", "network: \(connectivity)",
            "announced: \(Figures.count(done)) of \(Figures.count(total))",
            "due: \(Figures.count(due)), new: \(Figures.count(fresh)), failing: \(Figures.count(failing))",
            "regions: \(Figures.count(regions)), \(Figures.count(runningRegions)) at work, \(Figures.count(failingRegions)) failing",
            "sent: \(Figures.count(records, "record")) after \(Figures.count(lookups, "look-up")), \(Figures.decimal(recordsPerSecond, 1)) per second",
            "cycle ends: \(Figures.time(milliseconds: cycleEnd * 1000))",
        ]
    }
}

extension JSON {
    /// An array of strings.
    static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
}
