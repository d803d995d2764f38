// SPDX-License-Identifier: Apache-2.0

public import Catalog
import FileIO
public import Logging
import Multiformats
import Synchronization

/// Keeps the provider records of a repository alive in the DHT.
///
/// New roots are announced as soon as their snapshot is committed, by this process or another one;
/// everything else by sweeping over the key space: who is in a region is looked up once, and each
/// peer there gets all its records over one connection. All state is in the catalog, so a restart
/// goes on where the last run stopped. It reads what was committed, and never holds up an ingest.
public final class Announcer: Sendable {
    /// How it works.
    public let options: ProvideOptions

    let network: any ProvideNetwork
    let catalog: any Catalog
    let source: any AnnounceSource
    let logger: Logger
    let time: AnnounceTime
    /// This peer's place in the key space, from which cycles start.
    let order: AnnounceKey
    let state: Mutex<AnnouncerState>

    /// An announcer that does nothing until it is run or asked.
    ///
    /// - Parameters:
    ///   - clock: for waits.
    ///   - wallClock: seconds since 1970, for what is stored; the system's unless told.
    public init(
        network: any ProvideNetwork, catalog: any Catalog, source: any AnnounceSource,
        options: ProvideOptions = ProvideOptions(), logger: Logger,
        clock: some Clock<Duration> = ContinuousClock(),
        wallClock: (@Sendable () -> Int64)? = nil
    ) {
        self.options = options
        self.network = network
        self.catalog = catalog
        self.source = source
        self.logger = logger
        time = AnnounceTime(clock, seconds: wallClock ?? { WallClock.milliseconds / 1_000 })
        order = AnnounceKey(hashing: network.peerID.bytes)
        state = Mutex(AnnouncerState(options, now: time.elapsed()))
    }

    /// Announces until it is cancelled or ``stop()`` is called; nothing is left running then.
    ///
    /// - Throws: `CancellationError`; `CatalogError` if the catalog cannot be read at the start.
    ///   Later failures are logged and tried again.
    public func run() async throws { try await run(untilDone: false) }

    /// Announces what is new or due, once, and returns.
    ///
    /// - Throws: as ``run()``.
    public func runOnce() async throws { try await run(untilDone: true) }

    /// Lets ``run()`` return once each worker has recorded the batch that it is sending.
    ///
    /// A cancelled run ends at once, and sends those batches again the next time.
    public func stop() { state.withLock { $0.isStopping = true } }

    private func run(untilDone: Bool) async throws {
        state.withLock {
            $0.isStopping = false
            $0.isRunning = true
        }
        defer { state.withLock { $0.isRunning = false } }
        try await prepare()
        let width = max(options.workers.count, 2)
        let periodic = min(options.workers.periodic, width - 1)
        let burst = min(options.workers.burst, width - periodic)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.watch() }
            group.addTask { try await self.keepFilled() }
            group.addTask { try await self.keepConnected() }
            group.addTask { try await self.keepWatch(untilDone: untilDone) }
            for index in 0..<width {
                let lane: Lane =
                    index < periodic ? .due : index < periodic + burst ? .fresh : .any
                group.addTask { try await self.work(lane) }
            }
            try await group.waitForAll()
        }
    }

    /// Reads the schedule; begins anew if the strategy is another one than the last run's.
    ///
    /// - Parameter isReading: then nothing is changed, and the schedule of another strategy not
    ///   read.
    func prepare(isReading: Bool = false) async throws {
        guard state.withLock({ $0.schedule == nil }) else { return }
        var summary = try await catalog.announceSummary()
        if summary.strategy != options.strategy.rawValue {
            if isReading { return }
            try await catalog.resetAnnouncements(
                strategy: options.strategy.rawValue, cycleStart: time.seconds())
            summary = try await catalog.announceSummary()
        }
        var schedule = SweepSchedule(
            order: order, interval: Int64(options.interval / .seconds(1)),
            maximumDelay: Int64(options.maximumDelay / .seconds(1)),
            cycleStart: summary.cycleStart, regions: try await catalog.announceRegions())
        // A crash between two transactions may have left keys without a turn.
        var lost: [AnnounceRegion] = []
        if summary.count > summary.freshCount {
            for gap in schedule.gaps() {
                let keys = try await catalog.announcements(
                    in: gap.lowest...gap.highest, before: .max, limit: 1)
                guard !keys.isEmpty else { continue }
                lost.append(
                    AnnounceRegion(
                        prefix: gap, dueAt: schedule.slot(of: gap, after: time.seconds())))
            }
        }
        schedule.schedule(lost)
        if !lost.isEmpty { try await catalog.updateRegions(lost, removing: []) }
        state.withLock { [schedule] in
            // Another call may have been faster, and work may have begun.
            guard $0.schedule == nil else { return }
            $0.schedule = schedule
            if summary.freshCount > 0 { $0.freshCursor = .lowest }
        }
    }

    /// Repeats `body` until the announcer is stopped; waits when it says that it had nothing to do,
    /// and after an error, which is logged.
    func repeating(
        _ name: String, _ body: () async throws -> Bool
    ) async throws {
        var failures = 0
        while !isStopping {
            do {
                let didWork = try await body()
                failures = 0
                if !didWork { try await time.sleep(options.pollInterval) }
            } catch let error as CancellationError {
                throw error
            } catch {
                failures += 1
                logger.warning(
                    "announcing stumbled", metadata: ["part": "\(name)", "error": "\(error)"])
                try await time.sleep(options.retry.wait(afterFailures: failures))
            }
        }
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }
}

/// What a worker takes up.
enum Lane: Sendable {
    case due, fresh, any
}

/// What an announcer has in memory: some hundred bytes per region.
struct AnnouncerState {
    /// Nil until it was read.
    var schedule: SweepSchedule?
    var connectivity: Connectivity
    var isStopping = false
    var isRunning = false
    /// Whether the last send failed as this node has no address to tell others.
    var lacksAddress = false
    /// Where to look for keys that never were announced; nil if there are none.
    var freshCursor: AnnounceKey?
    /// The snapshots up to this one have had their roots announced.
    var lastSequence: Int64 = 0
    /// Whether packs or snapshots wait to be looked through.
    var isFillWanted = true
    /// Whether they are being looked through now.
    var isFilling = false
    /// The guess of the length of a region, and when it was made.
    var estimate: (bitCount: Int, at: Duration)?
    var limit: RateLimit?
    var sent = RateMeter()
    var recordCount = 0
    var lookupCount = 0
    var failedSendCount = 0
    /// Time that workers have spent sending and looking up, all together.
    var busy: Duration = .zero
    var lastWarning: Duration?

    init(_ options: ProvideOptions, now: Duration) {
        connectivity = Connectivity(backoff: options.connectivityCheck, now: now)
        limit = options.workers.recordsPerSecond.map { RateLimit(perSecond: $0) }
    }
}
