// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Synchronization
import Testing

@testable import Libp2pNIO

@Suite
struct TwoConnectionsTests {
    @Test(arguments: [0, 1])
    func `when one of two connections to a peer ends, the other serves on`(
        _ ending: Int
    ) async throws {
        try await withHosts { near, far in
            let endCount = Mutex(0)
            serveEcho(far)
            let observation = near.observe { event in
                if case .disconnected = event { endCount.withLock { $0 += 1 } }
            }
            defer { observation.cancel() }
            let events = Events(of: near)
            try await near.connect(to: far.peerID, at: far.addresses)
            let named = far.addresses.map { NamedAddress($0, names: .internet) }
            let targets = await near.resolver.resolve(named, for: far.peerID)
            try await near.dial(far.peerID, at: try #require(targets.first))
            let both = near.state.withLock { $0.table.connections(to: far.peerID) }
            try #require(both.count == 2)
            let lost = try await near.openStream(on: both[ending], for: ["/echo"])
            let kept = try await near.openStream(on: both[1 - ending], for: ["/echo"])
            await both[ending].closeAndWait()
            while near.connections.count > 1 { await Task.yield() }
            await #expect(throws: PeerStreamError.connectionClosed) {
                try await lost.read(atMost: 1)
            }
            try await kept.write([1])
            #expect(try await kept.read(atMost: 1) == [1])
            await kept.close()
            #expect(try await echo([2], from: near, to: far.peerID) == [2])
            #expect(endCount.withLock { $0 } == 0)
            await near.disconnect(from: far.peerID)
            try await events.disconnection(from: far.peerID)
            #expect(endCount.withLock { $0 } == 1)
        }
    }
}
