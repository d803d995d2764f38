// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import PackStore
import Repository
import Synchronization

/// Goes through DAGs depth first, each node block once, and finds the blocks that are lost.
///
/// Leaves are looked up, not read. Memory: a bit per block of the packs of nodes, what lies on the
/// path from a root to where the walk is, and what is lost.
struct DAGWalk {
    /// Nodes that are read together.
    private static let aheadCount = 32

    /// One block on the path from the root.
    private struct Step {
        let key: [UInt8]
        let name: [UInt8]?
        let children: [DAGChild]
        /// Where each child lies; nil for one that is lost or that its CID holds.
        let places: [BlockPlace?]
        var next = 0
        var isIncomplete = false
        /// What children that were read ahead link to, by their index; nil for one that is lost.
        var ahead: [Int: [DAGChild]?] = [:]
    }

    private let repository: Repository
    private let health: PackHealth
    private var visited = PlaceSet()
    /// Blocks that are there, with a lost one below; by multihash.
    private var incomplete: Set<[UInt8]> = []
    /// The blocks that are lost, by multihash.
    private(set) var lost: Set<[UInt8]> = []
    /// Whether nodes were met that this process may not read: what they link to was not walked, and
    /// is not known to be lost.
    private(set) var isPartial = false

    init(_ repository: Repository, _ health: PackHealth) {
        self.repository = repository
        self.health = health
    }

    /// Whether the block or one below it was found lost.
    func isIncomplete(_ cid: CID) -> Bool {
        let key = Array(cid.multihashBytes)
        return lost.contains(key) || incomplete.contains(key)
    }

    /// Walks the DAG of `root`, past what was walked before.
    mutating func walk(_ root: CID) async throws {
        try await walk(root, naming: nil)
    }

    /// The lost blocks of a DAG that was walked, each with the names of the entries that lead to
    /// it; once for each path, up to `limit` in all.
    mutating func lost(
        below root: CID, limit: Int
    ) async throws -> [(names: [[UInt8]], child: DAGChild)] {
        var found: [(names: [[UInt8]], child: DAGChild)] = []
        try await walk(
            root,
            naming: { names, child in
                found.append((names, child))
                return found.count < limit
            })
        return found
    }

    private mutating func walk(
        _ root: CID, naming: ((_ names: [[UInt8]], DAGChild) -> Bool)?
    ) async throws {
        var steps = [try await step(DAGChild(cid: root), links: [DAGChild(cid: root)])]
        while var step = steps.popLast() {
            guard step.next < step.children.count else {
                guard step.isIncomplete else { continue }
                if !steps.isEmpty {
                    incomplete.insert(step.key)
                    steps[steps.count - 1].isIncomplete = true
                }
                continue
            }
            try Task.checkCancellation()
            let index = step.next
            let child = step.children[index]
            step.next += 1
            switch try await look(at: index, in: &step, isNaming: naming != nil) {
            case .whole: steps.append(step)
            case .incomplete:
                step.isIncomplete = true
                steps.append(step)
            case .lost:
                step.isIncomplete = true
                lost.insert(Array(child.cid.multihashBytes))
                steps.append(step)
                let names = steps.compactMap(\.name) + (child.name.map { [$0] } ?? [])
                if let naming, !naming(names, child) { return }
            case .node(let links):
                steps.append(step)
                steps.append(try await self.step(child, links: links))
            }
        }
    }

    private enum Finding {
        /// A leaf, or a node whose DAG is known to be whole.
        case whole
        case lost
        /// A node that was walked before, with something lost below.
        case incomplete
        /// A node to walk.
        case node([DAGChild])
    }

    private mutating func look(
        at index: Int, in step: inout Step, isNaming: Bool
    ) async throws -> Finding {
        let child = step.children[index]
        if let block = child.cid.inlineBlock {
            let links = child.children(of: block)
            return links.isEmpty ? .whole : .node(links)
        }
        guard let place = step.places[index] else { return .lost }
        if health.holdsLeaves(place.packID) || child.cid.codec == .raw { return .whole }
        let key = Array(child.cid.multihashBytes)
        if isNaming {
            if lost.contains(key) { return .lost }
            guard incomplete.contains(key) else { return .whole }
        } else {
            if visited.contains(place) {
                if lost.contains(key) { return .lost }
                return incomplete.contains(key) ? .incomplete : .whole
            }
            visited.insert(place)
        }
        if step.ahead[index] == nil { try await readAhead(from: index, in: &step, isNaming) }
        guard let links = step.ahead.removeValue(forKey: index) ?? nil else { return .lost }
        return .node(links)
    }

    private func step(_ child: DAGChild, links: [DAGChild]) async throws -> Step {
        let places = try await repository.catalog.places(
            of: links.map { Array($0.cid.multihashBytes) })
        return Step(
            key: Array(child.cid.multihashBytes), name: child.name, children: links,
            places: places.map { place in place.flatMap { health.isBad($0) ? nil : $0 } })
    }

    /// Reads some nodes from `index` on.
    private mutating func readAhead(
        from index: Int, in step: inout Step, _ isNaming: Bool
    ) async throws {
        var chosen = [index]
        for other in (index + 1)..<max(step.children.count, index + 1) {
            if chosen.count == Self.aheadCount { break }
            guard let place = step.places[other], !health.holdsLeaves(place.packID) else {
                continue
            }
            let cid = step.children[other].cid
            if cid.codec == .raw || step.ahead[other] != nil { continue }
            let isWanted =
                isNaming
                ? incomplete.contains(Array(cid.multihashBytes)) : !visited.contains(place)
            if isWanted { chosen.append(other) }
        }
        let children = chosen.map { step.children[$0] }
        let found = Mutex<[Int: [DAGChild]]>([:])
        do {
            try await repository.blocks.forEachBlock(children.map(\.cid)) { position, block in
                let links = children[position].children(of: block)
                found.withLock { $0[position] = links }
            }
        } catch is BlockStoreError {
            // One of them is bad: each is asked for alone.
            for (position, child) in children.enumerated() {
                guard found.withLock({ $0[position] == nil }) else { continue }
                do {
                    let links = child.children(of: try await repository.blocks.block(child.cid))
                    found.withLock { $0[position] = links }
                } catch let error as BlockStoreError {
                    if (error.cause as? PackError)?.isDenied == true {
                        isPartial = true
                        found.withLock { $0[position] = [] }
                        continue
                    }
                    guard error.code != .failed else { throw error }
                }
            }
        }
        let all = found.withLock { $0 }
        for (position, index) in chosen.enumerated() {
            step.ahead.updateValue(all[position], forKey: index)
        }
    }
}
