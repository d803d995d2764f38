// SPDX-License-Identifier: Apache-2.0

public import Libp2p

/// What Bitswap may take and how long it waits.
public struct BitswapOptions: Hashable, Sendable {
    /// The limits of serving.
    public struct Server: Hashable, Sendable {
        /// Wants of a peer that are queued to be answered: 1,024, as in boxo.
        ///
        /// Beyond that those of lower priority give way.
        public var queuedWantsPerPeer = 1_024
        /// Wants of a peer for blocks that are not here, which are remembered until they are:
        /// 1,024.
        public var rememberedWantsPerPeer = 1_024
        /// Wants remembered of all peers: 131,072, some 30 MiB.
        public var rememberedWants = 131_072
        /// Bytes read for a peer and not yet taken by it, after which it waits: 1 MiB, as in boxo;
        /// one message more may be on its way.
        public var outstandingBytesPerPeer = 1 << 20
        /// Bytes read for all peers and not yet taken, after which a peer gets one message at a
        /// time: 64 MiB.
        public var outstandingBytes = 64 << 20
        /// Bytes of blocks after which a message is sent off: 512 KiB.
        ///
        /// Two blocks of the usual size: not tuned, as Kubo's own writing sets the pace.
        public var messageByteCount = 512 << 10
        /// Messages that are read from the store at the same time: 4.
        public var workerCount = 4
        /// Blocks that are read before a peer asks for them, of those that a block links to which
        /// the peer got, once it walks them one by one: 32; 0 for none.
        public var readAheadBlocks = 32
        /// Bytes that are read ahead for a peer and not asked for: 1 MiB.
        public var readAheadBytesPerPeer = 1 << 20
        /// The same for all peers: 16 MiB.
        public var readAheadBytes = 16 << 20
        /// Streams on which a peer gets its blocks: 1.
        public var streamsPerPeer = 1
        /// How often remembered wants are looked up again, for blocks that another process has
        /// stored: 5 s.
        public var recheckInterval: Duration = .seconds(5)

        /// The defaults.
        public init() {}
    }

    /// The limits of fetching.
    public struct Client: Hashable, Sendable {
        /// Blocks asked of one peer and not yet come: 256.
        ///
        /// A quarter of what boxo keeps of a peer's wants.
        public var livePerPeer = 256
        /// Wants of a session that are broadcast at the same time: 64, as in boxo.
        public var liveBroadcasts = 64
        /// Peers of a session that are asked whether they have a block, besides the one that is
        /// asked for it: 3.
        public var spread = 3
        /// How long a session waits for a block before providers are looked for: 1 s.
        public var searchDelay: Duration = .seconds(1)
        /// How long until providers are looked for again: 30 s.
        public var searchInterval: Duration = .seconds(30)
        /// Providers looked for at a time: 10, as in boxo.
        public var providersPerSearch = 10
        /// How long a peer that was asked for blocks may be silent until others are asked: 5 s.
        public var silence: Duration = .seconds(5)
        /// How long until wants are asked for anew of peers that did not have them: 30 s.
        public var rebroadcastInterval: Duration = .seconds(30)
        /// How long a session goes without any block before its wants fail: 60 s.
        public var giveUpAfter: Duration = .seconds(60)
        /// DONT_HAVEs in a row after which a session asks a peer no more: 16, as in boxo.
        public var missesInARow = 16
        /// How long a peer is not asked after it sent wrong blocks, in which it is not heard
        /// either: 10 min.
        public var banDuration: Duration = .seconds(600)
        /// Requests of `/blockstorage/block/read/1.0.0` to one peer at the same time: 8.
        public var blockReadsPerPeer = 8

        /// The defaults.
        public init() {}
    }

    /// Serving.
    public var server = Server()
    /// Fetching.
    public var client = Client()
    /// Bytes of messages of more than 16 KiB that are being read of peers, half for those that were
    /// asked for blocks: 64 MiB; and of one peer: 8 MiB.
    ///
    /// A message of a peer that was asked waits for its share before it is read; for one of a
    /// stranger the oldest of strangers gives way.
    public var inboundBytes = 64 << 20
    /// See ``inboundBytes``.
    public var inboundBytesPerPeer = 8 << 20
    /// Streams of each version that peers may have open.
    ///
    /// Kubo opens one for each message, and does not wait until the one before is read; of small
    /// files it sent 121 within a tenth of a second. A block on one too many is lost until it is
    /// asked for again.
    public var streams = StreamLimits(perPeer: 192, total: 2_048)
    /// Streams of all versions that peers have open, beyond which the idlest are reset: 1,024.
    public var openStreams = 1_024
    /// Streams of `/blockstorage/block/read/1.0.0` that peers may have open.
    public var blockReads = StreamLimits(perPeer: 8, total: 256)
    /// Bytes of blocks that are on their way by them: 16 MiB.
    public var blockReadBytes = 16 << 20
    /// How long a message may take beyond what 100 kbit/s allow: 10 s.
    public var messageDeadline: Duration = .seconds(10)
    /// How long a stream without messages is kept: 60 s.
    public var idleStream: Duration = .seconds(60)

    /// The defaults.
    public init() {}
}
