// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Testing

/// Runs a scene once for each order in which its processes can take their steps.
///
/// Nothing is kept between the orders: each begins with the catalog as the scene made it.
struct Schedules {
    /// Instead of all orders so many that are drawn at random, if there would be too many.
    var drawn: (count: Int, seed: UInt64)?

    /// - Parameters:
    ///   - prepare: fills the store; done once, and copied for each order.
    ///   - processes: makes the processes of one order.
    ///   - finish: what must hold at the end.
    /// - Returns: how many orders there were.
    @discardableResult
    func run(
        _ prepare: (World) async throws -> Void, _ processes: (World) -> [Process],
        finish: (World, String) async throws -> Void
    ) async throws -> Int {
        try await withMemoryDirectory { directory in
            let template = directory + "/template.sqlite"
            let first = World(try await SQLiteCatalog.open(at: template, options: options(4)))
            try await prepare(first)
            try await first.catalog.close()
            var choices: [(taken: Int, of: Int)] = []
            var generator = SplitMix64(seed: drawn?.seed ?? 0)
            var count = 0
            repeat {
                let path = directory + "/catalog.sqlite"
                try FileManager.default.copyItem(atPath: template, toPath: path)
                let world = World(try await SQLiteCatalog.open(at: path, options: options(4)))
                world.inherit(first)
                let draws = drawn == nil ? nil : generator.next()
                let trace = try await follow(&choices, processes(world), world, draws)
                try await finish(world, trace)
                try await world.catalog.close()
                for ending in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: path + ending)  // may be gone
                }
                count += 1
            } while drawn.map { count < $0.count } ?? Self.advance(&choices)
            return count
        }
    }

    /// Takes the choices as far as they go, then the first that can be taken; or draws them all.
    private func follow(
        _ choices: inout [(taken: Int, of: Int)], _ processes: [Process], _ world: World,
        _ seed: UInt64?
    ) async throws -> String {
        var generator = SplitMix64(seed: seed ?? 0)
        var trace: [String] = []
        var depth = 0
        while true {
            let ready = processes.filter(\.isReady)
            if ready.isEmpty { break }
            if seed == nil, depth == choices.count { choices.append((0, ready.count)) }
            let taken =
                seed == nil
                ? choices[depth].taken : Int.random(in: 0..<ready.count, using: &generator)
            let process = ready[taken]
            trace.append(process.name)
            try await process.step()
            try await world.check(trace.joined(separator: " "))
            depth += 1
        }
        let comment = trace.joined(separator: " ")
        for process in processes {
            #expect(process.isDone, "\(comment): \(process.name) waits for ever")
        }
        return comment
    }

    private static func advance(_ choices: inout [(taken: Int, of: Int)]) -> Bool {
        while let last = choices.popLast() {
            guard last.taken + 1 < last.of else { continue }
            choices.append((last.taken + 1, last.of))
            return true
        }
        return false
    }

    /// A directory in memory where there is one, as each transaction is synced.
    private func withMemoryDirectory<Result>(
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let memory = "/dev/shm"
        let isThere = FileManager.default.isWritableFile(atPath: memory)
        let parent = isThere ? memory : FileManager.default.temporaryDirectory.path
        let directory = "\(parent)/schedules-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        // Best effort: what is left harms nobody.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try await body(directory)
    }
}

extension World {
    /// Takes over what is on another's disk.
    func inherit(_ other: World) {
        files = other.files
        lastPack = other.lastPack
        closures = other.closures
        acknowledged = other.acknowledged
    }

    /// Collects once more, with nobody else about, and expects nothing dead to be left.
    func collect(_ comment: String) async throws {
        for number in try await leftPacks() { try await commit(number, session: nil) }
        let collection = CollectProcess(as: "last", in: self)
        while collection.isReady {
            try await collection.step()
            try await check(comment + " | collect")
        }
        #expect(collection.isDone, "\(comment): the second collection waits for ever")
        try await checkClean(comment)
    }
}
