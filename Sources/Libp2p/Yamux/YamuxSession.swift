// SPDX-License-Identifier: Apache-2.0

/// A Yamux session: many streams with flow control over one connection.
///
/// The shell gives it what arrives and the time, asks it to open, read, write and close streams,
/// and after each call takes its events and its output:
/// ```swift
/// session.receive(bytes, at: now)          // or open, read, write, close, tick …
/// let output = session.takeOutput()        // to be sent, in order
/// for event in session.takeEvents() { … }  // may call the session again
/// ```
/// Time is a duration since any start. `nextDeadline` says when to call ``tick(at:)``; pings are
/// answered in ``receive(_:at:)``, so it must not wait for anything slow.
///
/// Memory: ``YamuxOptions/maximumUnreadByteCount`` of unread bytes (and as much again for what the
/// arrays of the queues have in reserve), ``YamuxOptions/outputByteCount`` and
/// ``YamuxOptions/maximumControlByteCount`` of output, and under 1 KiB for each stream.
/// Spec: <https://github.com/libp2p/specs/blob/master/yamux/README.md>.
public struct YamuxSession: Sendable {
    /// The muxer's name for multistream-select and early negotiation.
    public static let protocolID: ProtocolID = "/yamux/1.0.0"

    let options: YamuxOptions
    let isDialer: Bool

    var streams: [UInt32: YamuxStream] = [:]
    private var nextID: UInt64
    var inboundCount = 0
    /// Streams of the peer that wait to be accepted.
    var backlogCount = 0
    /// Streams of this side that the peer has not accepted.
    var unacknowledgedCount = 0
    private var wantsOpenable = false
    /// Unread bytes of all streams.
    package internal(set) var unreadByteCount = 0
    /// By how much the windows of all streams have grown.
    var grownByteCount = 0

    var events: [YamuxEvent] = []
    var output: [UInt8] = []
    /// How much of the output the peer caused.
    var controlByteCount = 0
    /// How many answers to pings are in the output.
    var answerCount = 0
    /// Streams with a write that was cut short by the output's limit, first come first.
    var outputWaiters: [UInt32] = []

    var input = YamuxInput()
    var keepalive: YamuxKeepalive
    /// When to look for streams that linger; nil if there are none.
    var lingerDeadline: Duration?

    /// Why the session is over; nil while it goes on.
    public internal(set) var end: YamuxEnd?

    /// A session that starts `now`, of the side that dialled the connection or of the other.
    public init(isDialer: Bool, options: YamuxOptions = YamuxOptions(), at now: Duration) {
        precondition(
            options.maximumWindowByteCount >= YamuxOptions.initialWindowByteCount,
            "a window of \(options.maximumWindowByteCount) bytes")
        self.isDialer = isDialer
        self.options = options
        nextID = isDialer ? 1 : 2
        keepalive = YamuxKeepalive(at: now)
    }

    /// By how much windows may grow: what is promised to peers must mostly fit what may lie unread.
    var growthLimit: Int { min(options.windowGrowthByteCount, options.maximumUnreadByteCount / 2) }

    /// How many streams are open, in both directions.
    public var streamCount: Int { streams.count }

    /// Opens a stream, and queues what tells the peer.
    ///
    /// - Throws: ``YamuxOpenError``.
    public mutating func open(at now: Duration) throws(YamuxOpenError) -> YamuxStreamID {
        guard end == nil else { throw .closed }
        guard streams.count - inboundCount < options.maximumOutboundStreamCount else {
            throw .tooManyStreams
        }
        guard unacknowledgedCount < options.maximumUnacknowledgedCount else {
            wantsOpenable = true
            throw .tooManyUnacknowledged
        }
        guard let id = UInt32(exactly: nextID) else { throw .exhausted }
        nextID += 2
        streams[id] = YamuxStream(isOutbound: true, at: now)
        unacknowledgedCount += 1
        send(YamuxHeader(.windowUpdate, .syn, stream: id))
        return YamuxStreamID(rawValue: id)
    }

    /// Accepts a stream of the peer, after ``YamuxEvent/opened(_:)``.
    ///
    /// Does nothing if it is gone.
    public mutating func accept(_ id: YamuxStreamID) {
        guard let stream = streams[id.rawValue], !stream.isOutbound, !stream.isAcknowledged else {
            return
        }
        acknowledge(id.rawValue)
        send(YamuxHeader(.windowUpdate, .ack, stream: id.rawValue))
    }

    /// Ends this side's half of a stream, behind what was written.
    public mutating func closeWrite(_ id: YamuxStreamID) {
        guard let stream = streams[id.rawValue], !stream.isLocalEnded else { return }
        streams[id.rawValue]?.isLocalEnded = true
        streams[id.rawValue]?.wantsRoom = false
        send(YamuxHeader(.windowUpdate, .fin, stream: id.rawValue))
        finishIfOver(id.rawValue)
    }

    /// Ends both halves of a stream: what was written arrives, what is unread is dropped.
    ///
    /// The peer has ``YamuxOptions/lingerTimeout`` to end its half.
    public mutating func close(_ id: YamuxStreamID, at now: Duration) {
        guard streams[id.rawValue] != nil else { return }
        acknowledge(id.rawValue)
        closeWrite(id)
        guard let stream = streams[id.rawValue], !stream.isReadDropped else { return }
        unreadByteCount -= stream.unread.byteCount
        streams[id.rawValue]?.unread.removeAll()
        streams[id.rawValue]?.isReadDropped = true
        streams[id.rawValue]?.isReadOver = true
        if !stream.isRemoteEnded {
            streams[id.rawValue]?.lingerStart = now
            lingerDeadline = lingerDeadline ?? now + options.lingerTimeout
        }
        finishIfOver(id.rawValue)
    }

    /// Ends a stream at once, and tells the peer.
    public mutating func reset(_ id: YamuxStreamID, code: StreamErrorCode = .none) {
        guard streams[id.rawValue] != nil else { return }
        send(YamuxHeader(.windowUpdate, .rst, stream: id.rawValue, length: code.rawValue))
        forget(id.rawValue)
    }

    /// Ends the session; the output then holds a GoAway if there is a `code`, which ends all
    /// streams at the peer, too.
    ///
    /// None is sent by other implementations in normal cases.
    public mutating func close(code: UInt32? = nil) {
        if let code, end == nil { YamuxHeader(.goAway, length: code).append(to: &output) }
        finish(.closed)
    }

    /// What happened since the last call, in order.
    public mutating func takeEvents() -> [YamuxEvent] {
        guard !events.isEmpty else { return [] }
        defer { events = [] }
        return events
    }

    /// Marks a stream as accepted, by whichever side had to.
    mutating func acknowledge(_ id: UInt32) {
        guard let stream = streams[id], !stream.isAcknowledged else { return }
        streams[id]?.isAcknowledged = true
        if stream.isOutbound {
            unacknowledgedCount -= 1
            announceOpenable()
        } else {
            backlogCount -= 1
        }
    }

    /// Forgets a stream of which nothing is left to come or to go.
    mutating func finishIfOver(_ id: UInt32) {
        if streams[id]?.isFinished == true { forget(id) }
    }

    /// Forgets a stream.
    mutating func forget(_ id: UInt32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        unreadByteCount -= stream.unread.byteCount
        grownByteCount -= stream.receiveWindow - YamuxOptions.initialWindowByteCount
        if !stream.isOutbound { inboundCount -= 1 }
        if !stream.isAcknowledged {
            if stream.isOutbound { unacknowledgedCount -= 1 } else { backlogCount -= 1 }
        }
        events.append(.finished(YamuxStreamID(rawValue: id)))
        if stream.isOutbound { announceOpenable() }
    }

    /// Ends the session, once.
    mutating func finish(_ reason: YamuxEnd) {
        guard end == nil else { return }
        end = reason
        if case .violation = reason {
            YamuxHeader(.goAway, length: 1).append(to: &output)
        }
        streams = [:]
        outputWaiters = []
        (inboundCount, backlogCount, unacknowledgedCount, unreadByteCount) = (0, 0, 0, 0)
        events.append(.ended(reason))
    }

    /// Tells the shell once after it could not open a stream.
    private mutating func announceOpenable() {
        guard wantsOpenable, unacknowledgedCount < options.maximumUnacknowledgedCount else {
            return
        }
        wantsOpenable = false
        events.append(.openable)
    }
}
