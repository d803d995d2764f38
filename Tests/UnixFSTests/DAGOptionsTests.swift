// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@testable import UnixFS

struct DAGOptionsTests {
    private func resolve(
        _ profile: DAGProfile = .standard, _ change: (inout DAGOverrides) -> Void
    ) throws(DAGOptionsError) -> DAGOptions {
        var overrides = DAGOverrides()
        change(&overrides)
        return try DAGOptions(profile: profile, overrides: overrides)
    }

    private func refusal(
        _ profile: DAGProfile = .standard, _ change: (inout DAGOverrides) -> Void
    ) -> DAGOptionsError? {
        do {
            _ = try resolve(profile, change)
            return nil
        } catch { return error }
    }

    @Test func `the default profile is that of 2025`() throws {
        let options = try DAGOptions()
        #expect(options == DAGProfile.v1_2025.options)
        #expect(options.chunker.description == "size-1048576")
        #expect(options.layout == .balanced)
        #expect(options.maxLinks == 1024)
        #expect(options.rawLeaves)
        #expect(options.cidVersion == .v1)
        #expect(options.hash == .sha2_256)
        #expect(options.inlineLimit == nil)
        #expect(options.hamtFanout == 256)
        #expect(options.hamtThreshold == 262_144)
        #expect(options.hamtEstimator == .block)
        #expect(options.maxDirectoryLinks == nil)
        #expect(options.includeEmptyDirectories)
        #expect(!options.storesMetadata)
    }

    @Test func `the profile of 2015 is what Kubo does as installed`() throws {
        let options = try DAGOptions(profile: DAGProfile(named: "unixfs-v0-2015"))
        #expect(options.chunker.description == "size-262144")
        #expect(options.maxLinks == 174)
        #expect(!options.rawLeaves)
        #expect(options.cidVersion == .v0)
        #expect(options.hamtEstimator == .links)
        #expect(try DAGProfile(named: "legacy-cid-v0") == .v0_2015)
        #expect(throws: DAGOptionsError.unknownProfile("v0")) { try DAGProfile(named: "v0") }
    }

    @Test(arguments: [
        (DAGProfile.v0_2015, Int?.none, Bool?.none, false), (.v0_2015, 1, nil, true),
        (.v0_2015, 1, false, false), (.v0_2015, 0, true, true), (.v0_2015, nil, true, true),
        (.v1_2025, nil, nil, true), (.v1_2025, 0, nil, true), (.v1_2025, 0, false, false),
        (.v1_2025, 1, false, false),
    ])
    func `version 1 brings raw leaves unless the user said otherwise`(
        _ profile: DAGProfile, _ version: Int?, _ asked: Bool?, _ expected: Bool
    ) throws {
        let options = try resolve(profile) {
            $0.cidVersion = version
            $0.rawLeaves = asked
        }
        #expect(options.rawLeaves == expected)
    }

    @Test func `version 0 takes sha2-256 only, wherever it comes from`() throws {
        #expect(refusal(.v0_2015) { $0.hash = .blake3 } == .hashNeedsCIDv1(.blake3))
        #expect(
            refusal {
                $0.hash = .sha2_512
                $0.cidVersion = 0
            } == .hashNeedsCIDv1(.sha2_512))
        let options = try resolve(.v0_2015) {
            $0.hash = .blake2b_256
            $0.cidVersion = 1
        }
        #expect(options.hash == .blake2b_256)
        #expect(options.rawLeaves)
    }

    @Test func `a stored mode or time turns the profile's raw leaves off`() throws {
        var requests = [DAGOverrides](repeating: DAGOverrides(), count: 6)
        requests[0].preserveMode = true
        requests[1].preserveMtime = true
        requests[2].mode = 0o644
        requests[3].mode = 0o4000
        requests[4].mtime = DAGOverrides.Mtime(seconds: -5, nanoseconds: 3)
        requests[5].mtime = DAGOverrides.Mtime(seconds: -62_135_596_800)
        for request in requests {
            var overrides = request
            #expect(try DAGOptions(overrides: overrides).rawLeaves == false)
            overrides.rawLeaves = false
            #expect(try DAGOptions(overrides: overrides).rawLeaves == false)
            overrides.rawLeaves = true
            #expect(throws: DAGOptionsError.rawLeavesWithMetadata) {
                try DAGOptions(overrides: overrides)
            }
        }
    }

    @Test func `mode zero and time zero count as not given`() throws {
        let options = try resolve {
            $0.mode = 0
            $0.mtime = DAGOverrides.Mtime(seconds: 0)
            $0.rawLeaves = true
        }
        #expect(options == DAGProfile.v1_2025.options)
        let time = DAGOverrides.Mtime(seconds: 0, nanoseconds: 1)
        #expect(refusal { $0.mtime = time } == .nanosecondsWithoutSeconds)
    }

    @Test func `Go's zero time is dropped and leaves preserving on`() throws {
        let options = try resolve {
            $0.mtime = DAGOverrides.Mtime(seconds: -62_135_596_800)
            $0.preserveMtime = true
        }
        #expect(options.mtime == nil)
        #expect(options.preserveMtime)
        let later = try resolve {
            $0.mtime = DAGOverrides.Mtime(seconds: -62_135_596_800, nanoseconds: 1)
        }
        #expect(later.mtime == UnixFSTimestamp(seconds: -62_135_596_800, nanoseconds: 1))
    }

    @Test func `a fixed mode or time goes before the entry's own`() throws {
        let entry = UnixFSTimestamp(seconds: 7, nanoseconds: 8)
        let fixed = try resolve {
            $0.mode = 0o4755
            $0.preserveMode = true
            $0.mtime = DAGOverrides.Mtime(seconds: 1, nanoseconds: 999_999_999)
            $0.preserveMtime = true
        }
        #expect(!fixed.preserveMode)
        #expect(!fixed.preserveMtime)
        let time = UnixFSTimestamp(seconds: 1, nanoseconds: 999_999_999)
        #expect(
            fixed.metadata(.file, permissions: 0o600, modified: entry)
                == UnixFSMetadata(mode: 0o755, mtime: time))
        #expect(
            fixed.metadata(.symlink, permissions: 0o777, modified: entry)
                == UnixFSMetadata(mode: nil, mtime: time))
        let own = try resolve {
            $0.preserveMode = true
            $0.preserveMtime = true
        }
        #expect(
            own.metadata(.file, permissions: 0o6600, modified: entry)
                == UnixFSMetadata(mode: 0o6600, mtime: entry))
        #expect(
            try DAGOptions().metadata(.file, permissions: 0o600, modified: entry) == .none)
    }

    @Test func `no permissions at all are written for directories only`() throws {
        let entry = UnixFSTimestamp(seconds: 7)
        let setuidOnly = try resolve { $0.mode = 0o4000 }
        let preserved = try resolve { $0.preserveMode = true }
        for options in [setuidOnly, preserved] {
            #expect(options.metadata(.file, permissions: 0, modified: entry).mode == nil)
            #expect(options.metadata(.directory, permissions: 0, modified: entry).mode == 0)
            #expect(options.metadata(.symlink, permissions: 0, modified: entry).mode == nil)
        }
    }

    @Test func `values out of range are refused with the range`() throws {
        #expect(refusal { $0.cidVersion = 2 } == .cidVersion(2))
        #expect(refusal { $0.maxLinks = 1 } == .maxLinks(1, least: 2))
        #expect(
            refusal {
                $0.maxLinks = 0
                $0.layout = .trickle
            } == .maxLinks(0, least: 1))
        #expect(refusal { $0.maxLinks = .max } == nil)
        #expect(refusal { $0.inlineLimit = 129 } == .inlineLimit(129))
        #expect(refusal { $0.inlineLimit = -1 } == .inlineLimit(-1))
        for fanout in [0, 4, 7, 24, 2048, -8] {
            #expect(refusal { $0.hamtFanout = fanout } == .hamtFanout(fanout))
        }
        #expect(refusal { $0.hamtThreshold = -1 } == .hamtThreshold(-1))
        #expect(refusal { $0.maxDirectoryLinks = -1 } == .maxDirectoryLinks(-1))
        #expect(refusal { $0.mode = 0o10000 } == .mode(0o10000))
        let time = DAGOverrides.Mtime(seconds: 1, nanoseconds: 1_000_000_000)
        #expect(refusal { $0.mtime = time } == .nanoseconds(1_000_000_000))
        let past = DAGOverrides.Mtime(seconds: 1, nanoseconds: -1)
        #expect(refusal { $0.mtime = past } == .nanoseconds(-1))
    }

    @Test func `the bounds themselves are accepted, and zero means no limit`() throws {
        let options = try resolve {
            $0.layout = .trickle
            $0.maxLinks = 1
            $0.inlineLimit = 128
            $0.hamtFanout = 8
            $0.hamtThreshold = 0
            $0.maxDirectoryLinks = 0
            $0.includeEmptyDirectories = false
        }
        #expect(options.hamtThreshold == nil)
        #expect(options.maxDirectoryLinks == nil)
        #expect(options.hamtFanout == 8)
        #expect(options.inlineLimit == 128)
        #expect(!options.includeEmptyDirectories)
        #expect(try resolve { $0.inlineLimit = 0 }.inlineLimit == 0)
        #expect(try resolve { $0.hamtFanout = 1024 }.hamtFanout == 1024)
    }
}
