// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Bench

/// The arithmetic of `Docs/benchmarks.md`.
struct LimitTests {
    /// 12 core seconds on 4 cores, 2 seconds of disk, 1 of catalog, 0.5 of syncs.
    private var work: Work {
        var work = Work()
        work.cores = 4
        (work.scanSeconds, work.readSeconds) = (0.5, 1.5)
        (work.hashBytes, work.hashRate) = (800, 800)  // one second of all four
        (work.compressBytes, work.compressRate) = (400, 400)
        (work.storeBytes, work.storeRate, work.storeCPURate) = (200, 100, 200)
        (work.insertRows, work.insertRate, work.insertCPUSeconds) = (10, 10, 0.1)
        (work.finalSyncs, work.syncSeconds) = (2, 0.25)
        (work.deviceReadBytes, work.deviceReadRate) = (800, 200)
        return work
    }

    @Test func `cores share what all of them do`() {
        let limit = Limit(work)
        #expect(limit.parts.map(\.coreSeconds) == [0.5, 1.5, 4, 4, 1, 1])
        #expect(limit.seconds == [.cores: 3, .disk: 2, .catalog: 1])
    }

    @Test func `what is busy longest bounds the run, and the last syncs come on top`() {
        let limit = Limit(work)
        #expect(limit.bound == .cores)
        #expect(limit.total == 3.5)
    }

    @Test func `more cores help until the disk is short`() {
        let twice = WhatIf(work, cores: 2)
        #expect(twice.limitSeconds == 2.5)
        #expect(twice.gain == 3.5 / 2.5)
        #expect(Limit(work, cores: 2).bound == .disk)
        #expect(WhatIf(work, cores: 100).limitSeconds == 2.5)
    }

    @Test func `a faster disk buys nothing where cores are short`() {
        #expect(WhatIf(work, disk: 2).gain == 1)
        var slow = work
        slow.storeRate = 20
        #expect(Limit(slow).bound == .disk)
        #expect(WhatIf(slow, disk: 2).limitSeconds == 5.5)
        #expect(WhatIf(slow, cores: 2).gain == 1)
    }

    @Test func `a catalog with one writer is bought neither cores nor disk`() {
        var slow = work
        slow.insertRate = 1
        #expect(Limit(slow).bound == .catalog)
        #expect(WhatIf(slow, cores: 2, disk: 2).gain == 1)
    }

    @Test func `data that are not cached take as long as their device`() {
        #expect(Limit(work).totalFromDevice == 4.5)
        var unknown = work
        unknown.deviceReadRate = nil
        #expect(Limit(unknown).totalFromDevice == nil)
    }

    @Test func `no work takes no time, and nothing makes it faster`() {
        #expect(Limit(Work()).total == 0)
        #expect(WhatIf(Work(), cores: 2).gain == 1)
        #expect(Limit(Work()).bound == .cores)
    }

    @Test(arguments: [([3, 1, 2], 2), ([4, 1, 3, 2], 2), ([7], 7)] as [([Double], Double)])
    func `of an even number the lower of the two in the middle is the median`(
        _ values: [Double], _ expected: Double
    ) {
        #expect(values.lowerMedian == expected)
        #expect([Double]().lowerMedian == nil)
    }
}
