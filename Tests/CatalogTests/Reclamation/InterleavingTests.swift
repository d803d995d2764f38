// SPDX-License-Identifier: Apache-2.0

import Catalog
import Testing

/// Collections and ingests in every order in which their transactions can follow each other.
///
/// After each step all that is recorded can be read; at the end a collection leaves nothing dead.
@Suite struct InterleavingTests {
    /// Two snapshots, and blocks that nothing reaches: 1 lies with living ones, 2 and 3 do not.
    private func prepare(_ world: World) async throws {
        for blocks in [[0, 1], [2, 3], [4, 5]] {
            try await world.commit(world.seal(blocks), session: nil)
        }
        try await world.catalog.add(world.record("kept", root: 100, [0]))
        try await world.catalog.add(world.record("old", root: 101, [4, 5]))
        world.acknowledged = ["kept", "old"]
    }

    private func finish(_ world: World, _ trace: String) async throws {
        try await world.collect(trace)
    }

    @Test func `an ingest that meets condemned blocks, and a collection`() async throws {
        let count = try await Schedules().run(prepare) { world in
            [
                IngestProcess("ingest", in: world, root: 1, [0, 1, 2, 6], salvages: false),
                CollectProcess(in: world),
            ]
        } finish: { world, trace in
            #expect(world.acknowledged.contains("ingest"), "\(trace)")
            try await finish(world, trace)
        }
        #expect(count > 400)
    }

    @Test func `a snapshot is forgotten while a run counts on its blocks`() async throws {
        let count = try await Schedules(drawn: (150, 1)).run(prepare) { world in
            [
                IngestProcess("ingest", in: world, root: 1, [1, 4, 6]),
                ForgetProcess(of: "old", in: world), CollectProcess(in: world),
            ]
        } finish: {
            try await finish($0, $1)
        }
        #expect(count == 150)
    }

    @Test(arguments: IngestProcess.Step.allCases.dropFirst())
    func `an ingest is killed, and its heir stores the same`(
        _ step: IngestProcess.Step
    ) async throws {
        try await Schedules(drawn: (50, 3)).run(prepare) { world in
            [
                IngestProcess("dying", in: world, root: 1, [1, 2, 4, 6], diesBefore: step),
                ForgetProcess(of: "old", in: world), CollectProcess(in: world),
                IngestProcess("heir", in: world, root: 2, [1, 2, 4, 6, 7]),
            ]
        } finish: { world, trace in
            #expect(world.acknowledged.contains("heir"), "\(trace)")
            try await finish(world, trace)
        }
    }

    @Test(arguments: 1..<11)
    func `a collection is killed, and another one goes on`(_ step: Int) async throws {
        try await Schedules(drawn: (30, UInt64(step))).run(prepare) { world in
            [
                CollectProcess(in: world, diesBefore: step),
                IngestProcess("ingest", in: world, root: 1, [0, 1, 2, 6]),
                ForgetProcess(of: "old", in: world),
            ]
        } finish: {
            try await finish($0, $1)
        }
    }

    @Test func `two ingests of the same blocks, a forget and a collection`() async throws {
        try await Schedules(drawn: (150, 7)).run(prepare) { world in
            [
                IngestProcess("one", in: world, root: 1, [1, 2, 4, 6]),
                IngestProcess("two", in: world, root: 2, [1, 2, 4, 7]),
                ForgetProcess(of: "old", in: world), CollectProcess(in: world),
            ]
        } finish: {
            try await finish($0, $1)
        }
    }
}
