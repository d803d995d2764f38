// SPDX-License-Identifier: Apache-2.0

/// What a session knows of one stream.
///
/// Both halves go from open to ended once; a stream is forgotten when both have ended and what
/// arrived is read, or at a reset.
struct YamuxStream: Sendable {
    /// Whether this side opened it.
    let isOutbound: Bool
    /// Whether the shell (inbound) or the peer (outbound) accepted it.
    var isAcknowledged = false

    /// What arrived and was not read.
    var unread = ByteQueue()
    /// How much the peer may still send.
    var receiveCredit = YamuxOptions.initialWindowByteCount
    /// How large credit and unread bytes may be together.
    var receiveWindow = YamuxOptions.initialWindowByteCount
    /// When the last window update was sent.
    var epochStart: Duration
    /// The peer sent its FIN.
    var isRemoteEnded = false
    /// The shell closed the stream: what arrives is dropped.
    var isReadDropped = false
    /// The shell has seen the peer's end, or does not want to.
    var isReadOver = false

    /// How much this side may still send.
    var sendCredit = YamuxOptions.initialWindowByteCount
    /// This side's FIN is sent.
    var isLocalEnded = false
    /// When the shell closed it while the peer's half was open.
    var lingerStart: Duration?

    /// The shell has been told to read and has not done so since.
    var isToldToRead = false
    /// A write was cut short, so that the shell is to be told when there is room.
    var wantsRoom = false

    init(isOutbound: Bool, at now: Duration) {
        self.isOutbound = isOutbound
        epochStart = now
    }

    /// How much credit a window update may give now, in bytes.
    var missingCredit: Int { receiveWindow - receiveCredit - unread.byteCount }

    /// Whether there is nothing left to come or to go.
    var isFinished: Bool { isLocalEnded && isRemoteEnded && isReadOver }
}
