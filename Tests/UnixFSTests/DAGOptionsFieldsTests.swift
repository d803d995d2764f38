// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@testable import UnixFS

struct DAGOptionsFieldsTests {
    private static let crowded: DAGOverrides = {
        var overrides = DAGOverrides()
        overrides.chunker = .buzhash
        overrides.layout = .trickle
        overrides.cidVersion = 1
        overrides.hash = .blake3
        overrides.inlineLimit = 32
        overrides.hamtThreshold = 0
        overrides.hamtFanout = 16
        overrides.maxDirectoryLinks = 9
        overrides.mode = 0o4644
        overrides.mtime = DAGOverrides.Mtime(seconds: -3, nanoseconds: 42)
        overrides.preserveMtime = true
        overrides.includeEmptyDirectories = false
        return overrides
    }()

    @Test(arguments: [DAGOverrides(), crowded], DAGProfile.allCases)
    func `recorded options read back equal`(
        _ overrides: DAGOverrides, _ profile: DAGProfile
    ) throws {
        let options = try DAGOptions(profile: profile, overrides: overrides)
        #expect(try DAGOptions(fields: options.fields) == options)
        #expect(try DAGOptions(fields: options.fields.reversed()) == options)
    }

    @Test func `the record of the default profile stays as it is`() throws {
        let lines = try DAGOptions().fields.map { "\($0.key)=\($0.value)" }
        #expect(
            lines == [
                "chunker=size-1048576", "layout=balanced", "max-links=1024", "raw-leaves=true",
                "cid-version=1", "hash=sha2-256", "hamt-fanout=256", "hamt-threshold=262144",
                "hamt-estimator=block", "preserve-mode=false", "preserve-mtime=false",
                "empty-dirs=true",
            ])
    }

    @Test func `modes are recorded in octal and times with nine digits`() throws {
        let options = try DAGOptions(overrides: Self.crowded)
        let values = Dictionary(uniqueKeysWithValues: options.fields.map { ($0.key, $0.value) })
        #expect(values["mode"] == "0644")
        #expect(values["mtime"] == "-3.000000042")
        #expect(values["hamt-threshold"] == nil)
    }

    @Test func `a damaged record is refused by the key at fault`() throws {
        let fields = try DAGOptions().fields
        let missing = fields.filter { $0.key != "hash" }
        #expect(throws: DAGOptionsError.missingField("hash")) {
            try DAGOptions(fields: missing)
        }
        #expect(throws: DAGOptionsError.repeatedField("layout")) {
            try DAGOptions(fields: fields + [(key: "layout", value: "trickle")])
        }
        #expect(throws: DAGOptionsError.unknownField("x")) {
            try DAGOptions(fields: fields + [(key: "x", value: "")])
        }
        #expect(throws: DAGOptionsError.rawLeavesWithMetadata) {
            try DAGOptions(fields: fields + [(key: "mode", value: "0644")])
        }
        for (key, value) in [
            ("chunker", "size-0"), ("max-links", "many"), ("cid-version", "2"),
            ("raw-leaves", "yes"), ("hash", "md5"), ("hamt-estimator", "disabled"),
        ] {
            let changed = fields.map { $0.key == key ? (key: key, value: value) : $0 }
            #expect(throws: DAGOptionsError.field(key: key, value: value)) {
                try DAGOptions(fields: changed)
            }
        }
        let narrow = fields.map { $0.key == "max-links" ? (key: "max-links", value: "1") : $0 }
        #expect(throws: DAGOptionsError.maxLinks(1, least: 2)) {
            try DAGOptions(fields: narrow)
        }
    }

    @Test(arguments: [("644", 0o644), ("0644", 0o644), ("0o4755", 0o4755), ("0", 0)])
    func `modes are read as octal`(_ text: String, _ mode: UInt32) throws {
        #expect(try DAGOverrides.mode(parsing: text) == mode)
    }

    @Test(arguments: ["", "8", "-1", "+1", "0x1ff", "rwx", "0o", "77777777777777"])
    func `other modes are refused`(_ text: String) {
        #expect(throws: DAGOptionsError.self) { try DAGOverrides.mode(parsing: text) }
    }

    @Test(arguments: [
        ("0", Int64(0), Int64(0)), ("1700000000", 1_700_000_000, 0), ("-1", -1, 0),
        ("-1.500000000", -1, 500_000_000), ("1.000001", 1, 1000), ("5.5", 5, 500_000_000),
        ("1.999999999", 1, 999_999_999),
    ])
    func `times are read with their fraction`(
        _ text: String, _ seconds: Int64, _ nanoseconds: Int64
    ) throws {
        let time = DAGOverrides.Mtime(seconds: seconds, nanoseconds: nanoseconds)
        #expect(try DAGOverrides.mtime(parsing: text) == time)
    }

    @Test(arguments: ["", ".5", "1.", "1.2.3", "1.1234567890", "1.-5", "1.+5", "now", "1,5"])
    func `other times are refused`(_ text: String) {
        #expect(throws: DAGOptionsError.self) { try DAGOverrides.mtime(parsing: text) }
    }

    @Test func `hash names and thresholds are read as flags give them`() throws {
        #expect(try DAGOverrides.hash(parsing: "BLAKE3") == .blake3)
        #expect(throws: DAGOptionsError.unknownHash("md5")) {
            try DAGOverrides.hash(parsing: "md5")
        }
        #expect(try DAGOverrides.hamtThreshold(parsing: "none") == 0)
        #expect(try DAGOverrides.hamtThreshold(parsing: "1000") == 1000)
        #expect(throws: DAGOptionsError.self) { try DAGOverrides.hamtThreshold(parsing: "1k") }
    }
}
