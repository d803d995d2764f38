// SPDX-License-Identifier: Apache-2.0

import Catalog

/// A run that stores one source, and takes for stored what the source's stat cache names.
///
/// Row 0 holds the root that the source became, row 1 the blocks that it reaches.
final class CachedRunProcess: Process {
    /// What it does, one after the other.
    enum Step: CaseIterable {
        case begin, open, store, stageBlocks, stageRoot, record
    }

    private let root: UInt8
    private let added: Int
    private let diesBefore: Step?
    private var steps = Step.allCases
    private var cache: StatCache?
    private var isReliedOn = false
    private var replaces = false
    private var blocks: Set<Int> = []

    /// - Parameters:
    ///   - added: the block that the source has beside those that are remembered.
    ///   - diesBefore: the step before which the process is killed.
    init(_ name: String, in world: World, root: UInt8, adding added: Int, diesBefore: Step? = nil) {
        self.root = root
        self.added = added
        self.diesBefore = diesBefore
        super.init(name, in: world)
    }

    /// The blocks of the source but for what is added.
    static let source: Set<Int> = [4, 5]

    override func step() async throws {
        if let diesBefore, steps.first == diesBefore { return die() }
        switch steps.removeFirst() {
        case .begin:
            world.alive.insert(name)
            try await world.catalog.begin(session(name))
        case .open: try await open()
        case .store: try await store()
        case .stageBlocks: try await stage(1, blocks.sorted().map { UInt8($0) })
        case .stageRoot: try await stage(0, [root])
        case .record:
            try await record()
            die()
        }
    }

    private func die() {
        world.alive.remove(name)
        isDone = true
    }

    private func open() async throws {
        var cache = try await world.catalog.statCache(for: [1])
        replaces = cache.number == nil
        if replaces { cache.version = 0 }
        self.cache = cache
    }

    /// Counts as present what the cache's row names, which is read only now; stores the rest.
    private func store() async throws {
        blocks = Self.source.union([added])
        var known: Set<Int> = []
        if let cache, cache.number != nil {
            let id = StatCacheRow.ID(directory: 1)
            let row = try await world.catalog.statCacheRows(of: cache, from: id, byteLimit: 1).first
            known = Set((row?.body ?? []).map(Int.init))
            isReliedOn = true
            // The file that another run added is there still.
            blocks.formUnion(known)
        }
        let asked = blocks.subtracting(known).sorted()
        let places = try await world.catalog.durablePlaces(of: asked.map(multihash))
        let new = zip(asked, places).filter { $1 == nil }.map(\.0)
        guard !new.isEmpty else { return }
        try await world.commit(world.seal(new), session: name)
    }

    private func stage(_ directory: UInt32, _ body: [UInt8]) async throws {
        guard let opened = cache else { return }
        let row = StatCacheRow(id: .init(directory: directory), body: body)
        // Nil once another run has changed the cache, or it is stale: then this one leaves it.
        cache = try await world.catalog.stage([row], removing: [], in: opened)
        if cache == nil { lost = opened }
    }

    private var lost: StatCache?

    private func record() async throws {
        let commits = (cache ?? lost).map {
            [StatCacheCommit(cache: $0, replaces: replaces, isReliedOn: isReliedOn)]
        }
        let record = world.record(name, root: root, blocks)
        let isAdded = try await world.catalog.add(
            record, reusing: [], caching: commits ?? [], in: name)
        // A run that is refused says so, and is run again: nothing was acknowledged.
        if isAdded { world.acknowledged.insert(name) } else { world.refused.insert(name) }
        try await world.catalog.end(name)
    }
}
