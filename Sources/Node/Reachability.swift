// SPDX-License-Identifier: Apache-2.0

/// Whether strangers reach this node, judged by who opens connections to it; a value, told the time
/// since an arbitrary start.
struct Reachability {
    /// How long a node counts as reachable after the last connection of a stranger's was seen.
    static let memory = Duration.seconds(3600)

    private var seenAt: Duration?

    /// Whether strangers get through, now that there is a connection of theirs or not.
    mutating func isReachable(hasStranger: Bool, at now: Duration) -> Bool {
        if hasStranger { seenAt = now }
        return seenAt.map { now - $0 < Self.memory } ?? false
    }
}
