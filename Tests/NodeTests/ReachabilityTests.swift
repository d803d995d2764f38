// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Node

struct ReachabilityTests {
    @Test func `strangers get through while they come, and for a while after`() {
        var reachability = Reachability()
        let end = .seconds(10) + Reachability.memory
        let moments: [(hasStranger: Bool, at: Duration)] = [
            (false, .zero), (true, .seconds(10)), (false, end - .seconds(1)), (false, end),
            (true, end + .seconds(1)),
        ]
        let judged = moments.map { moment in
            reachability.isReachable(hasStranger: moment.hasStranger, at: moment.at)
        }
        // An address of one's own is no proof.
        #expect(judged == [false, true, true, false, true])
    }
}
