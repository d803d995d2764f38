// SPDX-License-Identifier: Apache-2.0

/// Whether the network can be reached; a value, told the time since an arbitrary start.
///
/// *online* → *disconnected* when a check after a failure fails → *online* when a later check
/// succeeds, or → *offline* after two hours, from which only a check that succeeds leads back.
struct Connectivity {
    /// What is known.
    enum State: String, Hashable, Sendable {
        /// Work goes on.
        case online
        /// Nobody answers; work waits.
        case disconnected
        /// Nobody has answered for two hours: what was known of the network may be wrong.
        case offline
    }

    static let offlineDelay = Duration.seconds(2 * 3600)
    /// At most one check after a failure in this time while online.
    static let onlineCheckInterval = Duration.seconds(60)

    private(set) var state = State.disconnected
    private let backoff: ProvideOptions.Backoff
    private var failures = 0
    private var disconnectedSince: Duration
    private var nextCheck: Duration

    /// Unknown, so disconnected: the first check is due at once.
    init(backoff: ProvideOptions.Backoff, now: Duration) {
        self.backoff = backoff
        disconnectedSince = now
        nextCheck = now
    }

    /// Whether it should be checked now.
    func isCheckDue(at now: Duration) -> Bool { state != .online && now >= nextCheck }

    /// Work failed in a way that may be the network's fault.
    ///
    /// - Returns: whether that is to be checked now.
    mutating func workFailed(at now: Duration) -> Bool {
        guard state == .online, now >= nextCheck else { return false }
        nextCheck = now + Self.onlineCheckInterval
        return true
    }

    /// Takes the result of a check.
    ///
    /// - Returns: whether the network is back after it had been offline.
    mutating func checked(isOnline: Bool, at now: Duration) -> Bool {
        if isOnline {
            let wasOffline = state == .offline
            if state != .online { nextCheck = now }
            state = .online
            failures = 0
            return wasOffline
        }
        if state == .online { disconnectedSince = now }
        if state != .offline {
            state = now - disconnectedSince >= Self.offlineDelay ? .offline : .disconnected
        }
        failures += 1
        nextCheck = now + backoff.wait(afterFailures: failures)
        return false
    }
}
