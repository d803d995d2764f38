// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog

/// A process that does one transaction, or one change of the disk, at a time.
class Process {
    let name: String
    let world: World
    var isDone = false

    init(_ name: String, in world: World) {
        self.name = name
        self.world = world
    }

    /// Whether it can go on now; a process that waits asks again later.
    var isReady: Bool { !isDone }

    func step() async throws {}
}

/// A run that stores a root over some blocks: takes in what others left, looks its blocks up, seals
/// what is new together with its record, commits both.
class IngestProcess: Process {
    /// What it does, one after the other.
    enum Step: CaseIterable {
        case begin, takeIn, adopt, lookUp, commit, record, end
    }

    private let root: UInt8
    private let blocks: Set<Int>
    private let diesBefore: Step?
    private var steps: [Step]
    private var left: [Int] = []
    private var pack: Int?
    private var reused: [PackID] = []

    /// - Parameters:
    ///   - salvages: whether it looks for what others left.
    ///   - diesBefore: the step before which the process is killed.
    init(
        _ name: String, in world: World, root: UInt8, _ blocks: Set<Int>, salvages: Bool = true,
        diesBefore: Step? = nil
    ) {
        self.root = root
        self.blocks = blocks
        self.diesBefore = diesBefore
        steps = Step.allCases.filter { salvages || ($0 != .takeIn && $0 != .adopt) }
        super.init(name, in: world)
    }

    override func step() async throws {
        if let diesBefore, steps.first == diesBefore {
            world.alive.remove(name)
            isDone = true
            return
        }
        let next = steps.removeFirst()
        switch next {
        case .begin:
            world.alive.insert(name)
            try await world.catalog.begin(session(name))
        case .takeIn:
            left = try await world.leftPacks()
            for number in left { try await world.commit(number, session: name) }
        case .adopt:
            for number in left {
                guard let record = world.records[number] else { continue }
                _ = try await world.catalog.adopt(record)
            }
        case .lookUp: try await lookUp()
        case .commit: if let pack { try await world.commit(pack, session: name) }
        case .record:
            try await finish()
            world.acknowledged.insert(name)
        case .end:
            try await world.catalog.end(name)
            world.alive.remove(name)
        }
        isDone = steps.isEmpty
    }

    private func lookUp() async throws {
        let asked = blocks.sorted()
        let places = try await world.catalog.durablePlaces(of: asked.map(multihash))
        let new = zip(asked, places).filter { $1 == nil }.map(\.0)
        reused = Array(Set(places.compactMap { $0?.packID }))
        guard !new.isEmpty else { return }
        let number = world.seal(new)
        world.inFlight[number] = name
        world.records[number] = world.record(name, root: root, blocks)
        pack = number
    }

    private func finish() async throws {
        let record = world.record(name, root: root, blocks)
        let isAdded = try await world.catalog.add(record, reusing: reused, caching: [], in: name)
        guard isAdded else { throw Unexpected() }
    }
}

/// Something happened that no order of steps may lead to.
struct Unexpected: Error {}

/// Forgets a snapshot.
final class ForgetProcess: Process {
    private let id: String

    init(of id: String, in world: World) {
        self.id = id
        super.init("forget", in: world)
    }

    override func step() async throws {
        world.forgotten.insert(id)
        _ = try await world.catalog.removeSnapshot(id)
        isDone = true
    }
}

/// A collection, as small as one can be that keeps the rules.
final class CollectProcess: Process {
    private enum Stage {
        case mark, condemn, wait, look, spare, sweep, seal, rewrite, delete, release
    }

    private var stage = Stage.mark
    private var diesBefore: Int
    /// What is dead of the packs that were there at first.
    private var dead: [PackID: BlockBitmap] = [:]
    private var waitsFor: Set<String> = []
    private var marked: Set<Int> = []
    private var liveCaches: [RememberedSource] = []
    private var generation: Int64 = 0
    private var spared: [PackBlocks] = []
    private var rewritten: Int?

    /// - Parameter diesBefore: as of an ingest.
    init(as name: String = "collect", in world: World, diesBefore: Int = .max) {
        self.diesBefore = diesBefore
        super.init(name, in: world)
    }

    override var isReady: Bool {
        guard !isDone else { return false }
        return stage != .wait || waitsFor.isDisjoint(with: world.alive)
    }

    override func step() async throws {
        if diesBefore == 0 {
            world.alive.remove(name)
            isDone = true
            return
        }
        diesBefore -= 1
        switch stage {
        case .mark: try await mark()
        case .condemn:
            let packs = condemned.map { PackBlocks(id: $0, blocks: $1) }
            waitsFor = Set(
                try await world.catalog.condemn(packs, liveCaches: liveCaches).map(\.id))
            stage = .wait
        case .wait:
            try await abandonDead()
            stage = .look
        case .look: try await look()
        case .spare:
            try await world.catalog.spare(spared, liveCaches: liveCaches)
            stage = .sweep
        case .sweep:
            let whole = condemned.filter { $1.population == $1.count }.map(\.key)
            let isSwept = try await world.catalog.sweep(whole, ifRootGeneration: generation)
            if isSwept { for id in whole { dead[id] = nil } }
            stage = isSwept ? .seal : .look
        case .seal:
            seal()
            stage = rewritten == nil ? .delete : .rewrite
        case .rewrite: stage = try await rewrite() ? .delete : .look
        case .delete:
            let doomed = try await world.catalog.doomedPacks()
            for pack in doomed { world.files[World.number(pack.id)] = nil }
            try await world.catalog.undoom(doomed)
            stage = .release
        case .release:
            try await world.catalog.releaseCondemned()
            isDone = true
        }
    }

    private func abandonDead() async throws {
        let sessions = try await world.catalog.sessions().map(\.id)
        try await world.catalog.abandon(sessions.filter { !world.alive.contains($0) })
    }

    private var condemned: [PackID: BlockBitmap] { dead.filter { !$1.isEmpty } }

    private func mark() async throws {
        try await abandonDead()
        let live = try await world.live()
        generation = live.generation
        marked = live.blocks
        let sessions = Set(try await world.catalog.sessions().map(\.id))
        for pack in try await world.catalog.packs() {
            // What a session that goes on has stored is reached by nothing yet.
            if let owner = pack.sessionID, sessions.contains(owner) { continue }
            dead[pack.id] = .all(count: pack.blockCount)
        }
        try await keepLive()
        liveCaches = try await caches(live.roots)
        stage = .condemn
    }

    private func look() async throws {
        let caches = try await world.catalog.statCaches()
        let live = try await world.live()
        generation = live.generation
        marked.formUnion(live.blocks)
        let before = dead
        try await keepLive()
        spared = before.compactMap { id, blocks in
            var blocks = blocks
            if let left = dead[id] { blocks.subtract(left) }
            return blocks.isEmpty ? nil : PackBlocks(id: id, blocks: blocks)
        }
        liveCaches = caches.filter { $0.row.first.map(live.roots.contains) ?? false }
        stage = .spare
    }

    private func caches(_ roots: Set<UInt8>) async throws -> [RememberedSource] {
        try await world.catalog.statCaches().filter {
            $0.row.first.map(roots.contains) ?? false
        }
    }

    /// Takes the places of living blocks out of what is dead.
    private func keepLive() async throws {
        let blocks = marked.sorted()
        for place in try await world.catalog.places(of: blocks.map(multihash)) {
            guard let place else { throw Unexpected() }
            dead[place.packID]?.remove(Int(place.ordinal))
        }
    }

    private var partial: [PackID: BlockBitmap] { condemned.filter { $1.population < $1.count } }

    /// Puts a pack on disk that has what lives of those that are dead in part.
    private func seal() {
        rewritten = nil
        if partial.isEmpty { return }
        let living = partial.flatMap { id, blocks in
            (world.files[World.number(id)] ?? []).enumerated()
                .filter { !blocks.contains($0.offset) }.map(\.element)
        }
        let number = world.seal(living)
        world.inFlight[number] = name
        world.alive.insert(name)
        rewritten = number
    }

    private func rewrite() async throws -> Bool {
        guard let number = rewritten, let living = world.files[number] else { return true }
        let isDone = try await world.catalog.commitRewrite(
            pack(number, blockCount: living.count), blocks: blocks(living),
            replacing: Array(partial.keys), ifRootGeneration: generation)
        if isDone {
            for id in partial.keys { dead[id] = nil }
        } else {
            world.files[number] = nil
        }
        world.alive.remove(name)
        return isDone
    }
}
