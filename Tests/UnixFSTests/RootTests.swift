// SPDX-License-Identifier: Apache-2.0

import Foundation
import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// Roots against those that other implementations give.
struct RootTests {
    /// Inputs over this are left to an optimised build: `CAIRN_SLOW_TESTS=1` runs them.
    static let largestByteCount = 64 << 20

    static let runsSlowCases = ProcessInfo.processInfo.environment["CAIRN_SLOW_TESTS"] == "1"

    @Test(arguments: try DAGCase.load("published.jsonl").filter { !isLarge($0) })
    func `published roots come out`(_ dagCase: DAGCase) throws {
        try check(dagCase)
    }

    @Test(
        .enabled(if: runsSlowCases), .serialized,
        arguments: try DAGCase.load("published.jsonl").filter(isLarge))
    func `published roots of a gibibyte come out`(_ dagCase: DAGCase) throws {
        try check(dagCase)
    }

    static func isLarge(_ dagCase: DAGCase) -> Bool {
        dagCase.input.byteCount > largestByteCount
    }

    @Test(arguments: try DAGCase.load("layouts.jsonl"))
    func `small layouts have the roots that an independent builder gives`(
        _ dagCase: DAGCase
    ) throws {
        try check(dagCase)
    }

    @Test(arguments: try DAGCase.load("kubo.jsonl"))
    func `roots are those that Kubo stores`(_ dagCase: DAGCase) throws {
        try check(dagCase)
    }

    @Test(arguments: [
        ("published.jsonl", 69), ("layouts.jsonl", 82), ("kubo.jsonl", 321),
    ])
    func `no case got lost`(_ file: String, _ count: Int) throws {
        #expect(try DAGCase.load(file).count == count)
    }

    private func check(_ dagCase: DAGCase) throws {
        var distinct: Set<CID> = []
        var last: Block?
        let importer = try TreeImporter(dagCase.options) { block in
            distinct.insert(block.cid)
            last = block
        }
        let root = try importer.importRoot(dagCase.input)
        #expect("\(root.cid)" == dagCase.cid)
        if let tsize = dagCase.tsize { #expect(root.tsize == tsize) }
        if let blockCount = dagCase.blockCount { #expect(distinct.count == blockCount) }
        #expect(last?.cid == root.cid, "the root goes out last")
        if let linkCount = dagCase.linkCount {
            #expect(try UnixFSNode(#require(last)).linkTargets.count == linkCount)
        }
    }
}
