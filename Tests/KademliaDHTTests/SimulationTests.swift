// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import KademliaSimulation
import Multiformats
import Testing

struct SimulationTests {
    private var options: SimulationOptions {
        var options = SimulationOptions()
        options.peerCount = 150
        options.seed = 7
        return options
    }

    @Test
    func `look-ups find the nearest peers though some are dead`() {
        let measure = Simulation(options).measureLookups(30)
        #expect(measure.foundNearestCount == 30)
        #expect(measure.foundShare > 0.95)
        #expect(measure.meanFailures > 0)
        #expect(measure.meanHops >= 1 && measure.meanHops < 5)
    }

    @Test
    func `the same seed gives the same history`() {
        let first = Simulation(options)
        let second = Simulation(options)
        for simulation in [first, second] { simulation.run(until: .seconds(4 * 3600)) }
        #expect(first.upkeep == second.upkeep && first.upkeep.lookup > 0)
        #expect(first.onlineCount == second.onlineCount)
        #expect(first.measureLookups(5) == second.measureLookups(5))
    }

    @Test
    func `what is announced one by one is found hours later, among peers that come and go`() throws
    {
        let simulation = Simulation(options)
        let client = SimulatedClient(in: simulation)
        simulation.run(until: .seconds(600))
        let keys = simulation.makeKeys(30)
        let before = client.counts
        try simulation.run { [clock = SimulationClock(simulation)] in
            try await OneByOne(width: 8).announce(keys, through: client, clock: clock)
        }
        let counts = client.counts.since(before)
        #expect(counts.lookups == 30)
        #expect(counts.records > 30 * 19 && counts.records <= 30 * 20)
        let online = simulation.onlineCount
        simulation.run(until: .seconds(12 * 3600))
        #expect(simulation.onlineCount != online)
        #expect(simulation.countFindable(keys) == 30)
        #expect(simulation.countFindable(simulation.makeKeys(5)) == 0)
    }

    @Test
    func `its clock lets time pass between tasks`() throws {
        let simulation = Simulation(options)
        let clock = SimulationClock(simulation)
        try simulation.run { try await clock.sleep(for: .seconds(3600)) }
        #expect(simulation.now == .seconds(3600))
    }
}
