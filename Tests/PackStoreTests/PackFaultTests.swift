// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import PackStore
import Synchronization
import Testing

@Suite struct PackFaultTests {
    @Test func `a pack is written in order: header, frames, tables, then sealed`() throws {
        let store = FaultyObjectStore()
        try writePack([[try rawBlock("one")], [try rawBlock("two")]], into: store)
        #expect(
            store.steps.withLock { $0 } == [
                .create, .append(0), .append(1), .append(2), .append(3), .flush, .seal,
            ])
    }

    @Test(arguments: [
        FaultyObjectStore.Step.create, .append(0), .append(1), .append(2), .append(3), .flush,
        .seal,
    ])
    func `a fault at any step is reported, and nothing is done after it`(
        _ fault: FaultyObjectStore.Step
    ) throws {
        let store = FaultyObjectStore(fault: fault, .device)
        let error = #expect(throws: PackError.self) {
            try writePack([[try rawBlock("one")], [try rawBlock("two")]], into: store)
        }
        #expect(error?.code == .io)
        #expect(store.hasFailed)
        #expect(store.steps.withLock { $0.last } == fault)
    }

    @Test func `a full tier is told from a broken one`() throws {
        let store = FaultyObjectStore(fault: .append(1), .noSpace)
        let error = #expect(throws: PackError.self) {
            try writePack([[try rawBlock("one")]], into: store)
        }
        #expect(error?.code == .noSpace)
        #expect(error?.pack != nil)
    }
}
