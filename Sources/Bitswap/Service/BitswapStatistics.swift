// SPDX-License-Identifier: Apache-2.0

/// What Bitswap has done since it began.
public struct BitswapStatistics: Hashable, Sendable {
    /// Blocks that came and were wanted, and their bytes.
    public var blocksReceived = 0
    /// See ``blocksReceived``.
    public var bytesReceived = 0
    /// Blocks that came and were no longer wanted.
    public var duplicatesReceived = 0
    /// Peers that were dropped for blocks that nobody had asked for.
    public var peersDropped = 0
    /// Blocks that were sent, and their bytes.
    public var blocksSent = 0
    /// See ``blocksSent``.
    public var bytesSent = 0
    /// HAVEs and DONT_HAVEs that were sent.
    public var presencesSent = 0
    /// Messages with those that were sent.
    public var messagesSent = 0
    /// Messages that a peer did not take.
    public var sendFailures = 0
    /// Entries of wantlists that came.
    public var wantsReceived = 0

    /// Wants of peers for blocks that are not here, which are remembered at the moment.
    public var rememberedWants = 0

    /// Nothing yet.
    public init() {}

    mutating func countSent(_ message: BitswapMessage) {
        messagesSent += 1
        blocksSent += message.payloads.count
        bytesSent += message.payloads.reduce(0) { $0 + $1.bytes.count }
        presencesSent += message.presences.count
    }

    /// Adds what the other half has done.
    mutating func add(_ other: BitswapStatistics) {
        blocksReceived += other.blocksReceived
        bytesReceived += other.bytesReceived
        duplicatesReceived += other.duplicatesReceived
        peersDropped += other.peersDropped
        blocksSent += other.blocksSent
        bytesSent += other.bytesSent
        presencesSent += other.presencesSent
        messagesSent += other.messagesSent
        sendFailures += other.sendFailures
        wantsReceived += other.wantsReceived
        rememberedWants += other.rememberedWants
    }
}
