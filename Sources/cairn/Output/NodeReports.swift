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

extension ProvidedReport {
    /// The report as JSON.
    var json: JSON {
        .object([
            ("cid", .text(cid)), ("records", .count(records)), ("peers", .count(peers)),
            ("goesOn", .bool(goesOn ?? false)),
        ])
    }

    /// The report for people.
    var line: String {
        let sent = Figures.count(records, "record")
        if let cid { return "announced \(cid): \(sent) at \(Figures.count(peers, "peer"))" }
        guard goesOn == true else { return "announced all that the strategy names: \(sent)" }
        return """
            the running node announces all that its strategy names from now on; \
            `cairn provide status` tells how far it is
            """
    }
}

extension AnnounceReport {
    /// The report as JSON.
    var fields: [(String, JSON)] {
        [
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
        ]
    }

    /// The report for people; of a node that does not run, what the catalog says.
    func lines(isRunning: Bool) -> [String] {
        let kept: [String] = [
            "strategy: \(strategy)",
            "announced: \(Figures.count(done)) of \(Figures.count(total))",
            "due: \(Figures.count(due)), new: \(Figures.count(fresh)), failing: \(Figures.count(failing))",
        ]
        guard isRunning else { return kept }
        return [
            kept[0], "network: \(connectivity)", kept[1], kept[2],
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
