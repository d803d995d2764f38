// SPDX-License-Identifier: Apache-2.0

import Catalog

/// When which part of the key space is announced; a value, told the time in seconds since 1970.
///
/// Every part has a slot in the cycle: as far into it as the part is from this peer's own place in
/// the key space, so that the work is spread evenly over the interval, and over the network's
/// peers. Slots count from a start that is stored, so they are the same after a restart.
struct SweepSchedule {
    /// The place in the key space from which a cycle starts.
    let order: AnnounceKey
    /// Seconds.
    let interval: Int64
    /// Seconds by which a region may be announced later than an interval after the last time.
    let maximumDelay: Int64
    let cycleStart: Int64

    /// Not overlapping, in the order of keys.
    private(set) var regions: [AnnounceRegion]
    /// What is being worked on, by job.
    private var running: [Int: [KeyPrefix]] = [:]
    private var lastJob = 0

    init(
        order: AnnounceKey, interval: Int64, maximumDelay: Int64, cycleStart: Int64,
        regions: [AnnounceRegion]
    ) {
        self.order = order
        self.interval = max(interval, 1)
        self.maximumDelay = maximumDelay
        self.cycleStart = cycleStart
        self.regions = []
        // Of two that begin alike, the wider one comes first; what lies in one before is left out.
        for region in regions.sorted(by: {
            ($0.prefix.lowest, $0.prefix.bitCount) < ($1.prefix.lowest, $1.prefix.bitCount)
        }) {
            if self.regions.last?.prefix.contains(region.prefix) == true { continue }
            self.regions.append(region)
        }
    }

    /// Seconds into the cycle at which a part's slot is.
    func offset(of prefix: KeyPrefix) -> Int64 {
        let bits = (prefix.lowest ^ order).masked(to: min(prefix.bitCount, 24)).head >> 40
        return Int64(Double(interval) * Double(bits) / Double(1 << 24))
    }

    /// The first slot of a part that is later than `time`.
    func slot(of prefix: KeyPrefix, after time: Int64) -> Int64 {
        let first = cycleStart + offset(of: prefix)
        let (cycles, rest) = (time - first).quotientAndRemainder(dividingBy: interval)
        return first + (rest < 0 ? cycles : cycles + 1) * interval
    }

    /// When a part that was announced at `time`, in its turn, is due next.
    ///
    /// Its slot about one interval later. A part that is new because another was cut or widened, or
    /// that was announced out of turn, may have none; then it comes earlier, never too late.
    func nextTurn(of prefix: KeyPrefix, after time: Int64) -> Int64 {
        let turn = slot(of: prefix, after: time + interval / 2)
        return turn > time + interval + maximumDelay ? turn - interval : turn
    }

    /// The mean length of the parts; nil if there are none.
    var averageBitCount: Int? {
        guard !regions.isEmpty else { return nil }
        let sum = regions.reduce(0) { $0 + $1.prefix.bitCount }
        return Int((Double(sum) / Double(regions.count)).rounded())
    }

    /// The scheduled part that holds a key.
    func region(of key: AnnounceKey) -> AnnounceRegion? {
        let index = regions.partitionPoint { $0.prefix.lowest > key } - 1
        guard index >= 0, regions[index].prefix.contains(key) else { return nil }
        return regions[index]
    }

    /// The scheduled parts that lie in, or hold, one of the prefixes.
    func regions(overlapping prefix: KeyPrefix) -> [AnnounceRegion] {
        if let holder = region(of: prefix.lowest), holder.prefix.contains(prefix) {
            return [holder]
        }
        let first = regions.partitionPoint { $0.prefix.lowest >= prefix.lowest }
        let highest = prefix.highest
        return Array(regions[first...].prefix { $0.prefix.lowest <= highest })
    }

    /// Parts of the key space that are not scheduled.
    func gaps() -> [KeyPrefix] { gaps(in: .all) }

    private func gaps(in prefix: KeyPrefix) -> [KeyPrefix] {
        let overlapping = regions(overlapping: prefix)
        guard let first = overlapping.first else { return [prefix] }
        if first.prefix.contains(prefix) { return [] }
        return gaps(in: prefix.child(false)) + gaps(in: prefix.child(true))
    }

    /// Adds, or replaces parts that overlap.
    ///
    /// - Returns: the prefixes that are not scheduled any more.
    @discardableResult
    mutating func schedule(_ new: [AnnounceRegion]) -> [KeyPrefix] {
        let prefixes = new.map(\.prefix)
        var removed: [KeyPrefix] = []
        regions.removeAll { old in
            let isReplaced = prefixes.contains {
                $0.contains(old.prefix) || old.prefix.contains($0)
            }
            if isReplaced, !prefixes.contains(old.prefix) { removed.append(old.prefix) }
            return isReplaced
        }
        regions.append(contentsOf: new)
        regions.sort { $0.prefix.lowest < $1.prefix.lowest }
        return removed
    }

    /// Takes a part out of the schedule.
    mutating func unschedule(_ prefix: KeyPrefix) { regions.removeAll { $0.prefix == prefix } }

    /// Gives a key that was announced on its own a turn if its part has none.
    ///
    /// - Returns: the part that was added, if one was.
    mutating func cover(_ key: AnnounceKey, now: Int64) -> AnnounceRegion? {
        guard region(of: key) == nil else { return nil }
        // As long as the others as a rule; of one key alone at first, until a visit widens it.
        var prefix = KeyPrefix(of: key, bitCount: averageBitCount ?? 24)
        while prefix.bitCount < AnnounceKey.bitCount, !regions(overlapping: prefix).isEmpty {
            prefix = KeyPrefix(of: key, bitCount: prefix.bitCount + 1)
        }
        var region = AnnounceRegion(prefix: prefix, dueAt: slot(of: prefix, after: now))
        region.keyCount = 1
        region.providedAt = now
        schedule([region])
        return region
    }

    /// Makes every part due at `time`, and what failed with it.
    mutating func makeAllDue(at time: Int64) {
        for index in regions.indices {
            regions[index].dueAt = min(regions[index].dueAt, time)
            regions[index].retryAt = nil
        }
    }
}

extension SweepSchedule {
    /// A piece of work: a part of the key space that nobody else works on.
    struct Job: Hashable, Sendable {
        let id: Int
        let prefix: KeyPrefix
        /// Keys last announced before this are to be announced; 1 for only those that never were.
        let before: Int64
        /// Failures before it, in a row.
        let attempts: Int

        var isFreshOnly: Bool { before == 1 }
    }

    /// The part that has waited longest, taken into work; nil if nothing is due.
    mutating func beginDue(at now: Int64) -> Job? {
        let region = regions.filter { $0.nextAt <= now && !isRunning($0.prefix) }
            .min { ($0.dueAt, $0.nextAt) < ($1.dueAt, $1.nextAt) }
        guard let region else { return nil }
        return begin(
            region.prefix, before: region.dueAt <= now ? max(region.dueAt, 1) : 1,
            attempts: region.attempts)
    }

    /// Takes the part around a key that was never announced into work.
    ///
    /// - Parameter bitCount: the length of a part where none is scheduled.
    /// - Returns: the job, or nil if somebody works there or a failure is to be waited out; and the
    ///   part.
    mutating func beginFresh(
        at key: AnnounceKey, bitCount: Int, now: Int64
    ) -> (job: Job?, prefix: KeyPrefix) {
        let scheduled = region(of: key)
        var prefix = scheduled?.prefix ?? KeyPrefix(of: key, bitCount: bitCount)
        // A part that is not scheduled must not swallow parts that are.
        while scheduled == nil, prefix.bitCount < AnnounceKey.bitCount,
            !regions(overlapping: prefix).isEmpty
        {
            prefix = KeyPrefix(of: key, bitCount: prefix.bitCount + 1)
        }
        if let retryAt = scheduled?.retryAt, retryAt > now { return (nil, prefix) }
        guard !isRunning(prefix) else { return (nil, prefix) }
        return (begin(prefix, before: 1, attempts: scheduled?.attempts ?? 0), prefix)
    }

    private mutating func begin(_ prefix: KeyPrefix, before: Int64, attempts: Int) -> Job {
        lastJob += 1
        running[lastJob] = [prefix]
        return Job(id: lastJob, prefix: prefix, before: before, attempts: attempts)
    }

    private func isRunning(_ prefix: KeyPrefix, except job: Int? = nil) -> Bool {
        running.contains { id, prefixes in
            id != job && prefixes.contains { $0.contains(prefix) || prefix.contains($0) }
        }
    }

    /// Widens or narrows what a job works on; those of `prefixes` that are free are taken.
    mutating func claim(_ prefixes: [KeyPrefix], for job: Job) -> [KeyPrefix] {
        let free = prefixes.filter { !isRunning($0, except: job.id) }
        running[job.id] = [job.prefix] + free
        return free
    }

    /// Lets others work there again.
    mutating func end(_ job: Job) { running[job.id] = nil }

    /// How many jobs are under way.
    var runningCount: Int { running.count }

    /// Counts a failure of a part, which is scheduled if it was not.
    ///
    /// - Parameter wait: seconds until the next attempt, by the number of failures in a row.
    mutating func fail(
        _ prefix: KeyPrefix, error: String, at now: Int64, wait: (Int) -> Int64
    ) -> (updated: [AnnounceRegion], removed: [KeyPrefix]) {
        var touched = regions(overlapping: prefix)
        if touched.isEmpty { touched = [AnnounceRegion(prefix: prefix, dueAt: now)] }
        for index in touched.indices {
            touched[index].attempts += 1
            touched[index].retryAt = now + wait(touched[index].attempts)
            touched[index].error = error
        }
        let removed = schedule(touched)
        return (touched, removed)
    }

    /// Records that parts were announced from `started` to `now`.
    ///
    /// For a job that only announced what was new, parts that are scheduled keep their turns.
    mutating func succeed(
        _ job: Job, _ done: [DoneRegion], started: Int64, now: Int64
    ) -> (updated: [AnnounceRegion], removed: [KeyPrefix]) {
        var updated: [KeyPrefix: AnnounceRegion] = [:]
        for part in done {
            let known = regions(overlapping: part.prefix)
            guard job.isFreshOnly, !known.isEmpty else {
                updated[part.prefix] = region(for: part, part.prefix, job, started, now)
                continue
            }
            for var region in known {
                region.attempts = 0
                region.retryAt = nil
                region.error = nil
                if region.prefix == part.prefix {
                    region.keyCount = part.keyCount
                    region.peerCount = part.peerCount
                }
                updated[region.prefix] = region
            }
            // What was announced and is in no part yet gets its turn by a part of its own.
            for gap in gaps(in: part.prefix) {
                updated[gap] = region(for: part, gap, job, started, now)
            }
        }
        let removed = schedule(Array(updated.values))
        return (Array(updated.values), removed)
    }

    private func region(
        for part: DoneRegion, _ prefix: KeyPrefix, _ job: Job, _ started: Int64, _ now: Int64
    ) -> AnnounceRegion {
        // From the slot, not from when the work was over: turns must not creep.
        let dueAt =
            job.isFreshOnly
            ? slot(of: prefix, after: now)
            : max(nextTurn(of: prefix, after: max(job.before, now - interval / 2)), now + 1)
        var region = AnnounceRegion(prefix: prefix, dueAt: dueAt)
        region.providedAt = started
        region.keyCount = part.keyCount
        region.peerCount = part.peerCount
        return region
    }
}

/// A part of the key space whose keys were announced.
struct DoneRegion: Hashable, Sendable {
    var prefix: KeyPrefix
    var keyCount: Int
    var peerCount: Int
}
