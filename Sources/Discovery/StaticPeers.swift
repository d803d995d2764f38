// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Logging
import Multiformats
import Synchronization

/// Keeps connections to peers that the user named.
public final class StaticPeers: Sendable {
    /// The tag under which their connections are protected.
    public static let tag = "static"

    private let host: any Host
    private let peers: [PeerInfo]
    private let logger: Logger
    private let elapsed: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    private let plan: Mutex<ConnectPlan>

    /// Keeps `peers` connected.
    ///
    /// - Parameters:
    ///   - firstWait: before a lost or failed connection is dialled again: 1 s unless told; it
    ///     doubles.
    ///   - longestWait: 5 minutes unless told.
    public init(
        _ peers: [PeerInfo], host: any Host, logger: Logger,
        clock: some Clock<Duration> = ContinuousClock(),
        firstWait: Duration = .seconds(1), longestWait: Duration = .seconds(300)
    ) {
        self.host = host
        self.peers = peers.filter { $0.id != host.peerID }
        self.logger = logger
        elapsed = ElapsedTime(clock).now
        sleep = { try await clock.sleep(for: $0) }
        plan = Mutex(
            ConnectPlan(self.peers.map(\.id), first: firstWait, longest: longestWait))
    }

    /// Works until it is cancelled.
    public func run() async throws {
        for peer in peers { host.protect(peer.id, tag: Self.tag) }
        let observation = host.observe { [self] event in
            let now = elapsed()
            plan.withLock { plan in
                switch event {
                case .connected(let peer): plan.connected(peer)
                case .disconnected(let peer): plan.disconnected(peer, at: now)
                default: break
                }
            }
        }
        defer {
            observation.cancel()
            for peer in peers { host.unprotect(peer.id, tag: Self.tag) }
        }
        for peer in peers where host.isConnected(to: peer.id) {
            plan.withLock { $0.connected(peer.id) }
        }
        // One task per peer: there are as many as the user named.
        try await withThrowingTaskGroup(of: Void.self) { group in
            while true {
                for peer in plan.withLock({ $0.due(at: elapsed()) }) {
                    group.addTask { try await self.dial(peer) }
                }
                let wait = plan.withLock { $0.nextDue.map { $0 - elapsed() } } ?? .seconds(1)
                try await sleep(min(max(wait, .milliseconds(10)), .seconds(1)))
            }
        }
    }

    private func dial(_ peer: PeerID) async throws {
        let addresses = peers.first { $0.id == peer }?.addresses ?? []
        do {
            try await host.connect(to: peer, at: addresses, names: .anywhere)
            plan.withLock { $0.connected(peer) }
            // It may be gone already, before the plan knew that it was there.
            if !host.isConnected(to: peer) {
                plan.withLock { $0.disconnected(peer, at: elapsed()) }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.debug(
                "static peer not reached", metadata: ["peer": "\(peer)", "error": "\(error)"])
            plan.withLock {
                $0.failed(peer, at: elapsed(), jitter: .random(in: 0..<1))
            }
        }
    }
}
