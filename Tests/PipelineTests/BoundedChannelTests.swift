// SPDX-License-Identifier: Apache-2.0

import Pipeline
import Testing

struct BoundedChannelTests {
    @Test func `elements come out in the order in which they went in`() async throws {
        let channel = BoundedChannel<Int>(capacity: 3)
        async let received = channel.collect()
        for element in 0..<1000 { try await channel.send(element, weight: 1) }
        channel.finish()
        #expect(try await received == Array(0..<1000))
    }

    @Test func `a full channel holds its sender back until there is room`() async throws {
        let channel = BoundedChannel<Int>(capacity: 10)
        try await channel.send(1, weight: 6)
        let sent = Recorder<Int>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await channel.send(2, weight: 6)
                sent.append(2)
            }
            for _ in 0..<1000 { await Task.yield() }
            #expect(sent.elements.isEmpty)
            #expect(channel.queuedWeight == 6)
            #expect(try await channel.receive() == 1)
            #expect(try await channel.receive() == 2)
            try await group.waitForAll()
        }
        #expect(channel.queuedWeight == 0)
    }

    @Test func `an element heavier than the whole channel passes alone`() async throws {
        let channel = BoundedChannel<String>(capacity: 4)
        try await channel.send("heavy", weight: 100)
        async let second: Void = channel.send("light", weight: 1)
        #expect(try await channel.receive() == "heavy")
        try await second
        #expect(try await channel.receive() == "light")
    }

    @Test func `a finished channel gives what is queued, then nil`() async throws {
        let channel = BoundedChannel<Int>(capacity: 10)
        try await channel.send(1, weight: 1)
        channel.finish()
        #expect(try await channel.receive() == 1)
        #expect(try await channel.receive() == nil)
        #expect(try await channel.receive() == nil)
    }

    @Test func `finishing wakes all receivers`() async throws {
        let channel = BoundedChannel<Int>(capacity: 1)
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<5 { group.addTask { try await channel.receive() } }
            for _ in 0..<100 { await Task.yield() }
            channel.finish()
            for try await element in group { #expect(element == nil) }
        }
    }

    @Test func `a cancelled receiver stops waiting and loses no element`() async throws {
        let channel = BoundedChannel<Int>(capacity: 1)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await channel.receive() }
            }
            for _ in 0..<100 { await Task.yield() }
            group.cancelAll()
        }
        try await channel.send(7, weight: 1)
        #expect(try await channel.receive() == 7)
    }

    @Test func `a cancelled sender stops waiting and sends nothing`() async throws {
        let channel = BoundedChannel<Int>(capacity: 1)
        try await channel.send(1, weight: 1)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    try await channel.send(2, weight: 1)
                }
            }
            for _ in 0..<100 { await Task.yield() }
            group.cancelAll()
        }
        #expect(try await channel.receive() == 1)
        channel.finish()
        #expect(try await channel.receive() == nil)
    }

    @Test(arguments: [1, 2, 8])
    func `many senders and receivers lose and double nothing`(_ receivers: Int) async throws {
        let channel = BoundedChannel<Int>(capacity: 17)
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<receivers {
                group.addTask { try await channel.collect().reduce(0, +) }
            }
            try await withThrowingTaskGroup(of: Void.self) { senders in
                for sender in 0..<4 {
                    senders.addTask {
                        for element in 0..<500 {
                            try await channel.send(sender * 500 + element, weight: element % 9)
                        }
                    }
                }
                try await senders.waitForAll()
            }
            channel.finish()
            return try await group.reduce(0, +)
        }
        #expect(sum == (0..<2000).reduce(0, +))
    }
}

extension BoundedChannel {
    fileprivate func collect() async throws -> [Element] {
        var elements: [Element] = []
        while let element = try await receive() { elements.append(element) }
        return elements
    }
}
