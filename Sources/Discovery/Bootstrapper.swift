// SPDX-License-Identifier: Apache-2.0

import FileIO
public import Libp2p
public import Logging
import Multiformats

/// Sees that the host has some connections: dials peers remembered from the last run, and bootstrap
/// peers; remembers whom it meets.
public final class Bootstrapper: Sendable {
    /// How it works.
    public struct Options: Hashable, Sendable {
        /// With fewer connections than this, peers are dialled: 4 unless told, as Kubo does.
        public var minimumConnectionCount = 4
        /// How often that is looked at: 30 s unless told.
        public var interval: Duration = .seconds(30)
        /// How often peers are written to the file: 10 minutes unless told, and at the end.
        public var saveInterval: Duration = .seconds(600)
        /// How many peers are dialled at once: 8 unless told, half of them remembered ones.
        public var dialCount = 8

        /// All at their defaults.
        public init() {}
    }

    private let host: any Host
    private let bootstrap: BootstrapPeers
    private let file: PeerFile?
    private let options: Options
    private let logger: Logger
    private let elapsed: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void

    /// Begins with `bootstrap`, and with the peers in `file` if there is one.
    public init(
        host: any Host, bootstrap: BootstrapPeers, file: PeerFile? = nil,
        options: Options = Options(), logger: Logger,
        clock: some Clock<Duration> = ContinuousClock()
    ) {
        self.host = host
        self.bootstrap = bootstrap
        self.file = file
        self.options = options
        self.logger = logger
        elapsed = ElapsedTime(clock).now
        sleep = { try await clock.sleep(for: $0) }
    }

    /// Works until it is cancelled; then the peers are saved once more.
    public func run() async throws {
        var remembered = await load()
        var lastSave = elapsed()
        do {
            while true {
                if host.connectedPeers.count < options.minimumConnectionCount {
                    try await dial(remembered)
                }
                update(&remembered)
                if elapsed() - lastSave >= options.saveInterval {
                    lastSave = elapsed()
                    await save(remembered)
                }
                try await sleep(options.interval)
            }
        } catch {
            update(&remembered)
            await save(remembered)
            throw error
        }
    }

    private func load() async -> RememberedPeers {
        guard let file else { return RememberedPeers() }
        do { return try await file.load() } catch {
            logger.warning("remembered peers not read", metadata: ["error": "\(error)"])
            return RememberedPeers()
        }
    }

    private func save(_ peers: RememberedPeers) async {
        guard let file, peers.count > 0 else { return }
        do { try await file.save(peers) } catch {
            logger.warning("peers not saved", metadata: ["error": "\(error)"])
        }
    }

    private func update(_ remembered: inout RememberedPeers) {
        let now = WallClock.milliseconds / 1_000
        for peer in host.connectedPeers {
            remembered.saw(
                PeerInfo(id: peer, addresses: host.addressBook.addresses(of: peer)), at: now)
        }
    }

    /// Dials some peers that are not connected, remembered ones and bootstrap peers by halves.
    private func dial(_ remembered: RememberedPeers) async throws {
        let wanted = { (peers: [PeerInfo]) in
            peers.filter { $0.id != self.host.peerID && !self.host.isConnected(to: $0.id) }
                .shuffled()
        }
        let known = wanted(Array(remembered.peers.prefix(options.dialCount * 4)))
        let other = wanted(bootstrap.peers)
        let half = max(options.dialCount / 2, options.dialCount - other.count)
        // Peers said themselves where they are remembered to be.
        let told = known.prefix(half).map { (peer: $0, names: NameReach.internet) }
        let given = other.map { (peer: $0, names: NameReach.anywhere) }
        let chosen = (told + given).prefix(options.dialCount)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (peer, names) in chosen {
                group.addTask {
                    do {
                        try await self.host.connect(
                            to: peer.id, at: peer.addresses, names: names)
                    } catch let error as CancellationError {
                        throw error
                    } catch {
                        self.logger.debug(
                            "peer not reached",
                            metadata: ["peer": "\(peer.id)", "error": "\(error)"])
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
