// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// When which peers are dialled to stay connected; a value, told the time since an arbitrary start.
///
/// A peer is *connected*, *dialling*, or *waiting* for its next dial: at once after it was added or
/// lost, then after a wait that doubles from failure to failure.
struct ConnectPlan {
    private enum State: Hashable {
        case connected
        case dialling
        case waiting(until: Duration)
    }

    private struct Entry {
        var state: State
        var failures = 0
    }

    private let first: Duration
    private let longest: Duration
    private var entries: [PeerID: Entry] = [:]

    /// Keeps `peers` connected, with waits from `first` to `longest`.
    init(_ peers: [PeerID], first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
        for peer in peers { entries[peer] = Entry(state: .waiting(until: .zero)) }
    }

    /// The peers to dial now; they count as being dialled from now on.
    mutating func due(at now: Duration) -> [PeerID] {
        var due: [PeerID] = []
        for (peer, entry) in entries {
            guard case .waiting(let until) = entry.state, until <= now else { continue }
            entries[peer]?.state = .dialling
            due.append(peer)
        }
        return due.sorted()
    }

    /// When the next dial is due; nil if none is planned.
    var nextDue: Duration? {
        entries.values.compactMap {
            if case .waiting(let until) = $0.state { until } else { nil }
        }.min()
    }

    /// A connection came up, by whichever side.
    mutating func connected(_ peer: PeerID) {
        guard entries[peer] != nil else { return }
        entries[peer] = Entry(state: .connected)
    }

    /// The last connection is gone.
    mutating func disconnected(_ peer: PeerID, at now: Duration) {
        guard entries[peer]?.state == .connected else { return }
        entries[peer]?.state = .waiting(until: now + first)
    }

    /// A dial failed.
    ///
    /// - Parameter jitter: from 0 up to 1; up to half of the wait is added, so that peers that were
    ///   lost together are not dialled together.
    mutating func failed(_ peer: PeerID, at now: Duration, jitter: Double) {
        guard var entry = entries[peer], entry.state == .dialling else { return }
        let wait = min(first * (1 << min(entry.failures, 30)), longest)
        entry.failures += 1
        entry.state = .waiting(until: now + wait + wait * (jitter / 2))
        entries[peer] = entry
    }
}
