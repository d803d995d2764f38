// SPDX-License-Identifier: Apache-2.0

/// What a session knows of its pings.
struct YamuxKeepalive: Sendable {
    /// When anything was received last.
    var lastReceipt: Duration
    /// When the next ping is due.
    var nextPing: Duration
    /// The ping that has not been answered: its value, and when it was sent.
    var pending: (value: UInt32, at: Duration)?
    /// The value of the next ping.
    var nextValue: UInt32 = 0
    /// How long answers take: a mean in which the newest counts one eighth.
    var roundTrip: Duration?

    init(at now: Duration) {
        lastReceipt = now
        nextPing = now
    }
}

extension YamuxSession {
    /// The most answers to pings that are queued at a time; go-yamux's limit.
    ///
    /// More pings are not answered.
    static let maximumAnswerCount = 32

    /// How long the peer takes to answer; nil until it has.
    public var roundTrip: Duration? { keepalive.roundTrip }

    /// When ``tick(at:)`` is to be called next; nil once the session is over.
    public var nextDeadline: Duration? {
        guard end == nil else { return nil }
        let ping =
            keepalive.pending.map { max($0.at, keepalive.lastReceipt) + options.pingTimeout }
            ?? keepalive.nextPing
        return min(ping, lingerDeadline ?? ping)
    }

    /// Does what is due: sends a ping, ends a session that has gone silent, resets streams that
    /// this side closed and the peer does not end.
    ///
    /// The first call sends the first ping, which the growth of windows needs.
    public mutating func tick(at now: Duration) {
        guard end == nil else { return }
        if let pending = keepalive.pending, now - pending.at >= options.pingTimeout {
            // While other bytes arrive, the answer may just be stuck behind them.
            guard now - keepalive.lastReceipt < options.pingTimeout else { return finish(.silence) }
            if now >= keepalive.nextPing { keepalive.pending = nil }
        }
        if keepalive.pending == nil, now >= keepalive.nextPing {
            keepalive.pending = (keepalive.nextValue, now)
            keepalive.nextPing = now + options.pingInterval
            send(YamuxHeader(.ping, .syn, length: keepalive.nextValue))
            keepalive.nextValue &+= 1
        }
        if let deadline = lingerDeadline, now >= deadline { resetLingering(at: now) }
    }

    /// A ping, or an answer to one.
    ///
    /// Answers that nobody waits for are ignored.
    mutating func receivePing(_ header: YamuxHeader, at now: Duration) {
        if header.flags.contains(.syn) {
            guard answerCount < Self.maximumAnswerCount else { return }
            answerCount += 1
            send(YamuxHeader(.ping, .ack, length: header.length))
        } else if let pending = keepalive.pending, pending.value == header.length {
            keepalive.pending = nil
            let elapsed = now - pending.at
            keepalive.roundTrip = keepalive.roundTrip.map { ($0 * 7 + elapsed) / 8 } ?? elapsed
            events.append(.roundTrip(elapsed))
        }
    }

    private mutating func resetLingering(at now: Duration) {
        lingerDeadline = nil
        for (id, stream) in streams {
            guard let start = stream.lingerStart else { continue }
            let deadline = start + options.lingerTimeout
            if deadline <= now {
                reset(YamuxStreamID(rawValue: id), code: .garbageCollected)
            } else {
                lingerDeadline = min(deadline, lingerDeadline ?? deadline)
            }
        }
    }
}
