// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats

/// What a look-up found, and what it took.
public struct LookupReport: Sendable {
    /// The k nearest peers that did not fail, nearest first, with what is known of where they are.
    public var peers: [PeerInfo]
    /// Why it ended; nil if time was up.
    public var ending: Lookup.Ending?
    /// Requests made.
    public var requestCount: Int
    /// Requests that failed.
    public var failureCount: Int
    /// See ``Lookup/hopCount``.
    public var hopCount: Int
    /// How long it took.
    public var duration: Duration
}

/// What happens during a look-up, for those who watch.
public enum LookupEvent: Sendable {
    /// The look-up begins with these peers.
    case started(seeds: [PeerID])
    /// A peer is asked.
    case asking(PeerID)
    /// A peer answered with these peers nearer to the key, and these providers.
    case answered(PeerID, closer: [PeerInfo], providers: [PeerInfo])
    /// A peer could not be asked, or did not answer.
    case failed(PeerID, reason: String)
    /// It is over.
    case finished(LookupReport)
}
