// SPDX-License-Identifier: Apache-2.0

/// What Bitswap has done since it began.
public struct BitswapStatistics: Hashable, Sendable {
    /// Blocks that came and were wanted, and their bytes.
    public var blocksReceived = 0
    /// See ``blocksReceived``.
    public var bytesReceived = 0
    /// Blocks that came and were no longer wanted.
    public var duplicatesReceived = 0
    /// Peers that were dropped for blocks that nobody had asked them for.
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

    /// Nothing yet.
    public init() {}

    mutating func countSent(_ message: BitswapMessage) {
        messagesSent += 1
        blocksSent += message.payloads.count
        bytesSent += message.payloads.reduce(0) { $0 + $1.bytes.count }
        presencesSent += message.presences.count
    }

    static func + (left: BitswapStatistics, right: BitswapStatistics) -> BitswapStatistics {
        var sum = left
        sum.blocksReceived += right.blocksReceived
        sum.bytesReceived += right.bytesReceived
        sum.duplicatesReceived += right.duplicatesReceived
        sum.peersDropped += right.peersDropped
        sum.blocksSent += right.blocksSent
        sum.bytesSent += right.bytesSent
        sum.presencesSent += right.presencesSent
        sum.messagesSent += right.messagesSent
        sum.sendFailures += right.sendFailures
        sum.wantsReceived += right.wantsReceived
        return sum
    }
}
