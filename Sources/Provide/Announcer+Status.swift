// SPDX-License-Identifier: Apache-2.0

import Catalog
import Logging
import Synchronization

extension Announcer {
    /// How the announcer fares; can be asked whether or not it runs.
    ///
    /// - Throws: `CatalogError`; `CancellationError`.
    public func status() async throws -> ProvideStatus {
        try await prepare(isReading: true)
        let summary = try await catalog.announceSummary()
        let now = time.seconds()
        let elapsed = time.elapsed()
        return state.withLock { state in
            var status = ProvideStatus()
            status.strategy = options.strategy.description
            status.isRunning = state.isRunning
            status.connectivity = state.connectivity.state.rawValue
            status.lacksAddress = state.lacksAddress
            status.keyCount = summary.count
            status.freshCount = summary.freshCount
            status.waitingPackCount =
                options.strategy.contains(.all)
                ? max(summary.lastPack - summary.announcedPack, 0) : 0
            status.recordsPerSecond = state.sent.perSecond(at: elapsed)
            status.recordCount = state.recordCount
            status.lookupCount = state.lookupCount
            status.failedSendCount = state.failedSendCount
            guard let schedule = state.schedule else { return status }
            describe(schedule, in: &status, now: now)
            status.warning = warning(status, busy: state.busy)
            return status
        }
    }

    private func describe(
        _ schedule: SweepSchedule, in status: inout ProvideStatus, now: Int64
    ) {
        status.regionCount = schedule.regions.count
        status.runningCount = schedule.runningCount
        var due = 0
        var failing: [AnnounceRegion] = []
        for region in schedule.regions {
            if region.dueAt <= now {
                due += region.keyCount
                status.lateSeconds = max(status.lateSeconds, now - region.dueAt)
            }
            guard region.attempts > 0 else { continue }
            failing.append(region)
            status.failingCount += region.keyCount
        }
        status.dueCount = min(due + status.freshCount, status.keyCount)
        status.doneCount = status.keyCount - status.dueCount
        status.failingRegionCount = failing.count
        status.errors = failing.sorted { $0.attempts > $1.attempts }.prefix(10).map {
            "\($0.prefix): \($0.error ?? "") (\($0.attempts) in a row)"
        }
        let cycle = max(now - schedule.cycleStart, 0) / schedule.interval
        status.cycleStart = schedule.cycleStart + cycle * schedule.interval
        status.cycleEnd = status.cycleStart + schedule.interval
    }

    /// What to say if records will expire before they are sent again.
    private func warning(_ status: ProvideStatus, busy: Duration) -> String? {
        // Whoever only asks has not tried to reach anybody.
        guard status.isRunning else { return nil }
        guard status.connectivity == Connectivity.State.online.rawValue else {
            return status.keyCount == 0
                ? nil : "no DHT server answers; records expire 48 hours after they were sent"
        }
        if status.lacksAddress {
            return """
                \(Self.noAddress), so nothing is announced; listen on a public address, or name \
                one by --announce-address or network.announce-address in config.yaml
                """
        }
        let needed =
            Double(status.keyCount * options.replication) / (options.interval / .seconds(1))
        let advice = "raise the workers, or announce less (entities or roots instead of all)"
        if status.lateSeconds > Int64(options.maximumDelay / .seconds(1)) {
            return """
                announcing is behind by \(status.lateSeconds / 60) minutes: \(status.dueCount) of \
                \(status.keyCount) CIDs wait; \(advice)
                """
        }
        let seconds = busy / .seconds(1)
        guard seconds > 60 else { return nil }
        let possible = Double(status.recordCount) / seconds * Double(options.workers.count)
        guard possible < needed else { return nil }
        return """
            announcing cannot keep up: \(Int(needed.rounded(.up))) records per second are needed, \
            \(Int(possible)) are possible; \(advice)
            """
    }

    /// Logs the warning once an hour; stops the announcer when all is done, if that is wanted.
    func keepWatch(untilDone: Bool) async throws {
        try await repeating("status") {
            let status = try await status()
            let now = time.elapsed()
            if untilDone, try await isDone() {
                stop()
                return true
            }
            let isNews = state.withLock { state in
                // Keys may have been left over where a job ended early.
                if status.freshCount > 0, status.runningCount == 0, !state.isFilling {
                    state.freshCursor = .lowest
                }
                guard status.warning != nil else { return false }
                if let last = state.lastWarning, now - last < .seconds(3600) { return false }
                state.lastWarning = now
                return true
            }
            if isNews, let warning = status.warning { logger.warning("\(warning)") }
            if !untilDone { try await time.sleep(options.pollInterval * 10) }
            return false
        }
    }

    /// Whether nothing is left to do but what failed.
    private func isDone() async throws -> Bool {
        // One look: what a fill adds is there before its snapshot or pack is marked as done.
        let summary = try await catalog.announceSummary()
        let isFilled =
            summary.snapshotCount == 0
            && (summary.lastPack <= summary.announcedPack || !options.strategy.contains(.all))
        guard isFilled else { return false }
        let now = time.seconds()
        return state.withLock { state in
            guard let schedule = state.schedule, schedule.runningCount == 0,
                !schedule.regions.contains(where: { $0.nextAt <= now })
            else { return false }
            let hasFailures = schedule.regions.contains { $0.attempts > 0 }
            return summary.freshCount == 0 || (hasFailures && state.freshCursor == nil)
        }
    }

    /// Asks whether the network is back while it is not there.
    func keepConnected() async throws {
        try await repeating("connectivity") {
            let isDue = state.withLock { $0.connectivity.isCheckDue(at: time.elapsed()) }
            guard isDue else { return false }
            await checkConnectivity()
            return true
        }
    }

    func checkConnectivity() async {
        let isOnline = await network.isOnline()
        state.withLock { state in
            let wasOffline = state.connectivity.checked(isOnline: isOnline, at: time.elapsed())
            // After hours the network may have another size.
            if wasOffline { state.estimate = nil }
            if isOnline, state.freshCursor == nil { state.freshCursor = .lowest }
        }
    }
}
