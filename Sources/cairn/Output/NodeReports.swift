// SPDX-License-Identifier: Apache-2.0

import Node

extension NodeIdentityReport {
    /// The report as JSON.
    var fields: [(String, JSON)] {
        [
            ("id", .string(id)), ("keyType", .string(keyType)), ("agent", .string(agent)),
            ("listening", .strings(listening)), ("addresses", .strings(addresses)),
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

extension ProvideReport {
    /// The report as JSON.
    var json: JSON {
        .object([
            ("strategy", .string(strategy)), ("total", .count(total)), ("done", .count(done)),
            ("due", .count(due)), ("failing", .count(failing)), ("regions", .count(regions)),
            ("regionsDone", .count(regionsDone)), ("recordsPerSecond", .double(recordsPerSecond)),
            ("cycleEnds", .text(cycleEnd)), ("intervalSeconds", .double(intervalSeconds)),
            ("warnings", .strings(warnings)), ("errors", .strings(errors)),
        ])
    }

    /// The report for people.
    var lines: [String] {
        var lines = [
            "strategy: \(strategy), every \(Figures.duration(.seconds(intervalSeconds)))",
            "announced: \(Figures.count(done)) of \(Figures.count(total))",
            "due: \(Figures.count(due)), failing: \(Figures.count(failing))",
            "regions: \(Figures.count(regionsDone)) of \(Figures.count(regions))",
            "rate: \(Figures.decimal(recordsPerSecond, 1)) records/s",
        ]
        if let cycleEnd { lines.append("cycle ends: \(cycleEnd)") }
        return lines
    }

    private var cycleEnd: String? {
        cycleEndsAtMilliseconds.map { Figures.time(milliseconds: $0) }
    }
}

extension JSON {
    /// An array of strings.
    static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
}
