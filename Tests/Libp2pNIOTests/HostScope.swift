// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Libp2pNIO
import Logging
import Multiformats
import Synchronization
import Testing

/// Runs two hosts on loopback, which have to do with nothing else, while `body` runs.
func withHosts(
    configure: (inout SocketHostOptions, Int) -> Void = { _, _ in },
    _ body: (SocketHost, SocketHost) async throws -> Void
) async throws {
    let hosts = try (0..<2).map { index in
        var options = try loopbackOptions()
        configure(&options, index)
        return try SocketHost(
            identity: .makeEd25519(), options: options, logger: Logger(label: "test"))
    }
    try await run(hosts) { try await body(hosts[0], hosts[1]) }
}

/// Runs `hosts` while `body` runs.
func run(_ hosts: [SocketHost], _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for host in hosts { group.addTask { try await host.run() } }
        for host in hosts { try await host.waitUntilListening() }
        try await body()
        group.cancelAll()
        try await group.waitForAll()
    }
}

/// Listens on a free port of loopback, and allows nothing else.
func loopbackOptions() throws -> SocketHostOptions {
    var options = SocketHostOptions()
    options.listenAddresses = [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")]
    options.filter.allowedNetworks = [
        try #require(IPNetwork("127.0.0.0/8")), try #require(IPNetwork("::1/128")),
    ]
    return options
}

/// What a host has told so far, to be waited for.
final class Events: Sendable {
    private let host: SocketHost
    private let observation: HostObservation
    private let events: Monitor<[HostEvent]>

    init(of host: SocketHost) {
        self.host = host
        let events = Monitor<[HostEvent]>([])
        self.events = events
        observation = host.observe { event in
            events.withLock { all, wakes in
                all.append(event)
                wakes.wake(.reader)
            }
        }
    }

    deinit { observation.cancel() }

    /// Waits for an event that `select` gives a value for.
    func first<Value: Sendable>(
        _ select: (HostEvent) -> Value?
    ) async throws -> Value {
        try await events.wait(at: .reader) { events, _ in
            for event in events {
                if let value = select(event) { return value }
            }
            return nil
        }
    }

    /// Waits until `peer` is identified.
    func protocols(of peer: PeerID) async throws -> Set<ProtocolID> {
        try await first { event in
            if case .identified(peer, let protocols) = event { protocols } else { nil }
        }
    }

    /// Waits until there is a connection to `peer`.
    func connection(to peer: PeerID) async throws {
        try await first { event -> Void? in
            if case .connected(peer) = event { () } else { nil }
        }
    }

    /// Waits until the last connection to `peer` is gone.
    func disconnection(from peer: PeerID) async throws {
        try await first { event -> Void? in
            if case .disconnected(peer) = event { () } else { nil }
        }
    }
}

extension Events {
    /// Opens once.
    final class Latch: Sendable {
        private let state = Monitor(false)

        func open() {
            state.withLock { state, wakes in
                state = true
                wakes.wake(.reader)
            }
        }

        func wait() async throws {
            try await state.wait(at: .reader) { isOpen, _ -> Void? in isOpen ? () : nil }
        }
    }
}

/// Sends back what comes on `/echo`.
func serveEcho(_ host: SocketHost) {
    host.handle(["/echo"]) { stream in
        while let bytes = try await stream.read(atMost: 1 << 20) { try await stream.write(bytes) }
    }
}

/// What comes back of `sent`.
func echo(_ sent: [UInt8], from host: SocketHost, to peer: PeerID) async throws -> [UInt8] {
    let stream = try await host.openStream(to: peer, for: ["/echo"])
    async let written: Void = {
        try await stream.write(sent)
        try await stream.closeWrite()
    }()
    var received: [UInt8] = []
    while let bytes = try await stream.read(atMost: 1 << 20) { received += bytes }
    try await written
    await stream.close()
    return received
}

/// Expects `body` to throw a ``HostError`` with this code.
func expectError(
    _ code: HostError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    let error = await #expect(throws: HostError.self, sourceLocation: sourceLocation) {
        try await body()
    }
    #expect(error?.code == code, "\(error?.message ?? "")", sourceLocation: sourceLocation)
}

/// Runs one host on loopback while `body` runs.
func withHost(
    configure: (inout SocketHostOptions) -> Void = { _ in },
    _ body: (SocketHost) async throws -> Void
) async throws {
    var options = try loopbackOptions()
    configure(&options)
    let host = try SocketHost(
        identity: .makeEd25519(), options: options, logger: Logger(label: "test"))
    try await run([host]) { try await body(host) }
}
