// SPDX-License-Identifier: Apache-2.0

import Pipeline

extension Workload {
    static let channels = [
        Workload("channel/queue", iterations: 20) {
            let channel = BoundedChannel<Int>(capacity: 1000)
            return { iterations in
                var sum = 0
                for _ in 0..<iterations {
                    for index in 0..<1000 { try await channel.send(index, weight: 1) }
                    for _ in 0..<1000 { sum &+= try await channel.receive() ?? 0 }
                }
                return sum
            }
        },
        // Room for one element: each makes a sender or a receiver wait.
        Workload("channel/hop", iterations: 4) {
            return { iterations in
                let channel = BoundedChannel<Int>(capacity: 1)
                async let sum = sum(of: channel)
                for index in 0..<iterations * 1000 { try await channel.send(index, weight: 1) }
                channel.finish()
                return try await sum
            }
        },
    ]

    private static func sum(of channel: BoundedChannel<Int>) async throws -> Int {
        var sum = 0
        while let element = try await channel.receive() { sum &+= element }
        return sum
    }
}
