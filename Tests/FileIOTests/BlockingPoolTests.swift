// SPDX-License-Identifier: Apache-2.0

import FileIO
import Foundation
import Testing

@Suite struct BlockingPoolTests {
    @Test func `results and errors come back`() async throws {
        let pool = BlockingPool(width: 2)
        #expect(await pool.run { 7 } == 7)
        await #expect(throws: IOError.self) {
            try await pool.run { throw IOError(.other, "test", path: "") }
        }
    }

    @Test func `as many calls may wait for each other as the pool is wide`() async throws {
        let pool = BlockingPool(width: 3)
        let arrived = DispatchSemaphore(value: 0)
        let released = DispatchSemaphore(value: 0)
        let results = await withTaskGroup(of: DispatchTimeoutResult.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    await pool.run {
                        arrived.signal()
                        return released.wait(timeout: .now() + 30)
                    }
                }
            }
            group.addTask {
                await pool.run {
                    // Runs beside the two others, or they never arrive.
                    for _ in 0..<2 where arrived.wait(timeout: .now() + 30) == .timedOut {
                        return .timedOut
                    }
                    for _ in 0..<2 { released.signal() }
                    return .success
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results == [.success, .success, .success])
    }
}
