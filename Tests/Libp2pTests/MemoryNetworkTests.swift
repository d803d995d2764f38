// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Synchronization
import Testing

@Suite
struct MemoryNetworkTests {
    let network = MemoryNetwork(windowByteCount: 1000)

    @Test
    func `what one side writes the other reads and after the end there is nil`() async throws {
        let (near, far) = try makePair()
        far.handle(["/echo"]) { stream in
            while let bytes = try await stream.read(atMost: 100) { try await stream.write(bytes) }
        }
        try await near.connect(to: far.peerID, at: far.addresses)
        let stream = try await near.openStream(to: far.peerID, for: ["/none", "/echo"])
        #expect(stream.protocolID == "/echo")
        #expect(stream.remotePeer == far.peerID)
        let sent = (0..<700).map { UInt8(truncatingIfNeeded: $0) }
        try await stream.write(sent)
        try await stream.closeWrite()
        var received: [UInt8] = []
        while let bytes = try await stream.read(atMost: 64) {
            #expect((1...64).contains(bytes.count))
            received += bytes
        }
        #expect(received == sent)
        await stream.close()
        #expect(near.streamCount(with: far.peerID) == 0)
        await near.close()
        await far.close()
    }

    @Test
    func `a writer waits while the window is full`() async throws {
        let (near, far) = try makePair()
        let go = Mailbox<Void>()
        let wasWritten = Mutex(false)
        far.handle(["/source"]) { stream in
            await go.take()
            try await stream.write([UInt8](repeating: 7, count: 1001))
            wasWritten.withLock { $0 = true }
        }
        try await near.connect(to: far.peerID, at: far.addresses)
        let stream = try await near.openStream(to: far.peerID, for: ["/source"])
        await go.put(())
        // The window's bytes come; the last one waits for the first to be read.
        let first = try await stream.read(atMost: 1)
        #expect(first == [7])
        var count = 1
        while let bytes = try await stream.read(atMost: 1000) { count += bytes.count }
        #expect(count == 1001)
        #expect(wasWritten.withLock { $0 })
        await near.close()
        await far.close()
    }

    @Test
    func `a write into a full window fails when the stream is reset`() async throws {
        let (near, far) = try makePair()
        let outcome = Mailbox<PeerStreamError?>()
        far.handle(["/source"]) { stream in
            do {
                try await stream.write([UInt8](repeating: 7, count: 1001))
                await outcome.put(nil)
            } catch let error as PeerStreamError { await outcome.put(error) }
        }
        try await near.connect(to: far.peerID, at: far.addresses)
        let stream = try await near.openStream(to: far.peerID, for: ["/source"])
        stream.reset()
        #expect(await outcome.take() == .reset)
        await near.close()
        await far.close()
    }

    @Test
    func `a cancelled read leaves the stream as it was`() async throws {
        let (near, far) = try makePair()
        far.handle(["/later"]) { stream in
            _ = try await stream.read(atMost: 1)
            try await stream.write([1, 2, 3])
        }
        try await near.connect(to: far.peerID, at: far.addresses)
        let stream = try await near.openStream(to: far.peerID, for: ["/later"])
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await stream.read(atMost: 9) }
            }
            group.cancelAll()
        }
        try await stream.write([0])
        #expect(try await stream.read(atMost: 9) == [1, 2, 3])
        await near.close()
        await far.close()
    }

    @Test
    func `a peer is found at its address alone`() async throws {
        let (near, far) = try makePair()
        let third = network.makeHost(try makePeerID(3))
        await expectError(.noAddress) { try await near.connect(to: far.peerID, at: []) }
        await expectError(.wrongPeer) {
            try await near.connect(to: far.peerID, at: third.addresses)
        }
        let nowhere = Multiaddr(components: [.memory(999)])
        await expectError(.dialFailed) { try await near.connect(to: far.peerID, at: [nowhere]) }
        near.addressBook.add(far.addresses, of: far.peerID, lifetime: AddressLifetime.temporary)
        try await near.connect(to: far.peerID, at: [])
        #expect(far.isConnected(to: near.peerID))
        for host in network.hosts { await host.close() }
    }

    @Test
    func `both sides are told of connection and identity and what changes`() async throws {
        let (near, far) = try makePair()
        near.handle(["/a"]) { _ in }
        let events = Mutex<[String]>([])
        let observation = far.observe { event in
            let text =
                switch event {
                case .connected(let peer): "connected \(peer == near.peerID)"
                case .disconnected(let peer): "disconnected \(peer == near.peerID)"
                case .identified(_, let protocols): "\(protocols.map(\.description).sorted())"
                case .addressesChanged: "addresses"
                }
            events.withLock { $0.append(text) }
        }
        try await near.connect(to: far.peerID, at: far.addresses)
        near.handle(["/b"]) { _ in }
        #expect(far.addressBook.protocols(of: near.peerID) == ["/a", "/b"])
        near.stopHandling(["/a"])
        await near.disconnect(from: far.peerID)
        observation.cancel()
        far.setAddresses([Multiaddr(components: [.memory(77)])])
        #expect(
            events.withLock { $0 } == [
                "connected true", #"["/a"]"#, #"["/a", "/b"]"#, #"["/b"]"#, "disconnected true",
            ])
        #expect(far.addressBook.addresses(of: near.peerID) == near.addresses)
        await near.close()
        await far.close()
    }

    @Test
    func `streams over a limit and of unknown protocols are refused`() async throws {
        let (near, far) = try makePair()
        far.handle(["/few"], limits: StreamLimits(perPeer: 1, total: 5)) { stream in
            _ = try await stream.read(atMost: 1)
        }
        try await near.connect(to: far.peerID, at: far.addresses)
        let stream = try await near.openStream(to: far.peerID, for: ["/few"])
        await expectError(.limit) {
            _ = try await near.openStream(to: far.peerID, for: ["/few"])
        }
        await expectError(.unsupportedProtocol) {
            _ = try await near.openStream(to: far.peerID, for: ["/other"])
        }
        try await stream.closeWrite()
        // The handler returns, which closes the other half.
        #expect(try await stream.read(atMost: 1) == nil)
        await near.close()
        await far.close()
    }

    @Test
    func `a cut ends streams and a fault says which attempts fail`() async throws {
        let (near, far) = try makePair()
        far.handle(["/wait"]) { stream in _ = try await stream.read(atMost: 1) }
        try await near.connect(to: far.peerID, at: far.addresses)
        let stream = try await near.openStream(to: far.peerID, for: ["/wait"])
        network.cut(far.peerID, near.peerID)
        await #expect(throws: PeerStreamError.connectionClosed) {
            try await stream.read(atMost: 1)
        }
        #expect(!near.isConnected(to: far.peerID))
        network.setFault { attempt in
            guard case .dial(_, let peer) = attempt else { return nil }
            return HostError(.dialFailed, peer: peer, "as the test wants")
        }
        await expectError(.dialFailed) {
            try await near.connect(to: far.peerID, at: far.addresses)
        }
        await near.close()
        await far.close()
    }

    @Test
    func `a handler that throws resets its stream`() async throws {
        let (near, far) = try makePair()
        far.handle(["/fails"]) { _ in throw PeerStreamError.malformed("no") }
        try await near.connect(to: far.peerID, at: far.addresses)
        let stream = try await near.openStream(to: far.peerID, for: ["/fails"])
        await #expect(throws: PeerStreamError.reset) { try await stream.read(atMost: 1) }
        await near.close()
        await far.close()
    }

    private func makePair() throws -> (MemoryHost, MemoryHost) {
        (network.makeHost(try makePeerID(1)), network.makeHost(try makePeerID(2)))
    }
}

/// A value handed from one task to another, once.
actor Mailbox<Value: Sendable> {
    private var value: Value?
    private var waiter: CheckedContinuation<Value, Never>?

    func put(_ value: Value) {
        if let waiter { waiter.resume(returning: value) } else { self.value = value }
    }

    func take() async -> Value {
        if let value { return value }
        return await withCheckedContinuation { waiter = $0 }
    }
}

func makePeerID(_ number: UInt8) throws -> PeerID {
    try PrivateKey(ed25519Seed: [UInt8](repeating: number, count: 32)).publicKey.peerID
}

/// Expects `body` to throw a ``HostError`` with this code.
func expectError(
    _ code: HostError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    let error = await #expect(throws: HostError.self, sourceLocation: sourceLocation) {
        try await body()
    }
    #expect(error?.code == code, sourceLocation: sourceLocation)
}
