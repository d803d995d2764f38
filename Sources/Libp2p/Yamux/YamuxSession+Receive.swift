// SPDX-License-Identifier: Apache-2.0

/// Where a session is in what it receives.
struct YamuxInput: Sendable {
    /// Less than a header.
    var header: [UInt8] = []
    /// How many bytes were taken.
    var byteCount: UInt64 = 0
    /// How much payload of a data frame is still to come.
    var payloadByteCount = 0
    /// Whose payload it is; nil if it is dropped.
    var payloadStream: UInt32?
    /// Whether the peer's half ends with the payload.
    var endsStream = false
    /// Whether the stream is reset with the payload.
    var resetsStream = false
}

extension YamuxSession {
    /// Takes what arrived, in pieces of any size.
    ///
    /// A peer that breaks the rules ends the session: ``YamuxEvent/ended(_:)``. Does nothing once
    /// the session is over.
    /// - Complexity: O(bytes); each byte of payload is copied once.
    public mutating func receive(_ bytes: [UInt8], at now: Duration) {
        guard end == nil, !bytes.isEmpty else { return }
        keepalive.lastReceipt = now
        var offset = 0
        do {
            while offset < bytes.count, end == nil {
                if input.payloadByteCount > 0 {
                    let taken = min(input.payloadByteCount, bytes.count - offset)
                    deliver(bytes[offset..<offset + taken])
                    offset += taken
                } else if let header = try nextHeader(bytes, at: &offset) {
                    try handle(header, at: now)
                }
            }
        } catch { finish(.violation(error)) }
    }

    /// Takes bytes of a stream: at least one, at most `limit`.
    ///
    /// Gives the peer credit for what is taken, in the output.
    /// - Complexity: O(1) for most chunks of up to 64 KiB, else O(bytes).
    public mutating func read(
        _ id: YamuxStreamID, atMost limit: Int, at now: Duration
    ) -> YamuxRead {
        precondition(limit > 0, "a read of \(limit) bytes")
        guard let bytes = streams[id.rawValue]?.unread.pop(atMost: limit) else { return .reset }
        if bytes.isEmpty {
            guard streams[id.rawValue]?.isRemoteEnded == true else {
                streams[id.rawValue]?.isToldToRead = false
                return .nothing
            }
            streams[id.rawValue]?.isReadOver = true
            finishIfOver(id.rawValue)
            return .end
        }
        unreadByteCount -= bytes.count
        replenish(id.rawValue, at: now)
        return .bytes(bytes)
    }

    /// The header at `offset` of what arrived, or of what of it was kept; nil if it is not whole.
    private mutating func nextHeader(
        _ bytes: [UInt8], at offset: inout Int
    ) throws(YamuxError) -> YamuxHeader? {
        let place = input.byteCount - UInt64(input.header.count)
        let missing = YamuxHeader.byteCount - input.header.count
        let taken = min(missing, bytes.count - offset)
        defer {
            offset += taken
            input.byteCount += UInt64(taken)
        }
        if taken == YamuxHeader.byteCount {
            return try YamuxHeader(bytes, at: offset, place: place)
        }
        input.header += bytes[offset..<offset + taken]
        guard taken == missing else { return nil }
        defer { input.header.removeAll(keepingCapacity: true) }
        return try YamuxHeader(input.header, at: 0, place: place)
    }

    private mutating func handle(_ header: YamuxHeader, at now: Duration) throws(YamuxError) {
        let place = input.byteCount - UInt64(YamuxHeader.byteCount)
        let isOfSession = header.kind == .ping || header.kind == .goAway
        guard (header.streamID == 0) == isOfSession else { throw .streamID(offset: place) }
        switch header.kind {
        case .ping: receivePing(header, at: now)
        case .goAway: finish(.goAway(header.length))
        case .data, .windowUpdate:
            if header.flags.contains(.syn) {
                try receiveOpening(of: header.streamID, place: place, at: now)
            }
            if header.flags.contains(.ack), streams[header.streamID]?.isOutbound == true,
                streams[header.streamID]?.isAcknowledged == false
            {
                acknowledge(header.streamID)
                events.append(.acknowledged(YamuxStreamID(rawValue: header.streamID)))
            }
            if header.kind == .data {
                try receiveData(header, place: place)
            } else {
                try receiveCredit(header, place: place)
            }
        }
    }

    /// A SYN: a new stream, or a refusal when there are too many.
    private mutating func receiveOpening(
        of id: UInt32, place: UInt64, at now: Duration
    ) throws(YamuxError) {
        guard (id % 2 == 0) == isDialer else { throw .parity(offset: place) }
        guard streams[id] == nil else { throw .duplicateStream(offset: place) }
        guard inboundCount < options.maximumInboundStreamCount,
            backlogCount < options.maximumBacklogCount
        else {
            let code = StreamErrorCode.resourceLimit.rawValue
            return send(YamuxHeader(.windowUpdate, .rst, stream: id, length: code))
        }
        streams[id] = YamuxStream(isOutbound: false, at: now)
        inboundCount += 1
        backlogCount += 1
        events.append(.opened(YamuxStreamID(rawValue: id)))
    }

    /// The header of a data frame: sees that there is room for the payload.
    private mutating func receiveData(
        _ header: YamuxHeader, place: UInt64
    ) throws(YamuxError) {
        let byteCount = Int(header.length)
        var target: UInt32? = header.streamID
        if let stream = streams[header.streamID] {
            guard byteCount <= stream.receiveCredit else { throw .windowExceeded(offset: place) }
            if stream.isRemoteEnded, byteCount > 0 {
                fail(header.streamID, .protocolViolation)
                target = nil
            }
        } else {
            target = nil
        }
        input.payloadByteCount = byteCount
        input.payloadStream = target
        input.endsStream = header.flags.contains(.fin)
        input.resetsStream = header.flags.contains(.rst)
        if byteCount == 0 { finishPayload() }
    }

    /// A part of the payload of a data frame.
    private mutating func deliver(_ payload: ArraySlice<UInt8>) {
        input.byteCount += UInt64(payload.count)
        input.payloadByteCount -= payload.count
        // No copy of the stream is held here: it would make the queue copy its bytes.
        if let id = input.payloadStream, let isReadDropped = streams[id]?.isReadDropped {
            // Credit goes with the bytes, not with the header: what is yet to come is not free.
            streams[id]?.receiveCredit -= payload.count
            if isReadDropped {
                // The peer has nothing left to send with, and gets no more: it would wait for ever.
                let isExhausted = streams[id]?.receiveCredit == 0 && input.payloadByteCount == 0
                if isExhausted, !input.endsStream { fail(id, .none) }
            } else if unreadByteCount + payload.count > options.maximumUnreadByteCount {
                fail(id, .resourceLimit)
            } else {
                unreadByteCount += payload.count
                streams[id]?.unread.append(payload)
                announceReadable(id)
            }
        }
        if input.payloadByteCount == 0 { finishPayload() }
    }

    /// The flags of a data frame that count behind its payload.
    private mutating func finishPayload() {
        guard let id = input.payloadStream else { return }
        if input.resetsStream {
            receiveReset(id, .none)
        } else if input.endsStream {
            receiveEnd(id)
        }
    }

    /// A window update: more credit, and flags.
    private mutating func receiveCredit(
        _ header: YamuxHeader, place: UInt64
    ) throws(YamuxError) {
        let id = header.streamID
        if header.flags.contains(.rst) {
            // The length is a code then.
            return receiveReset(id, StreamErrorCode(rawValue: header.length))
        }
        if let credit = streams[id]?.sendCredit, header.length > 0 {
            let sum = credit + Int(header.length)
            guard sum <= Int(UInt32.max) else { throw .windowOverflow(offset: place) }
            streams[id]?.sendCredit = sum
            announceWritable(id)
        }
        if header.flags.contains(.fin) { receiveEnd(id) }
    }

    private mutating func receiveReset(_ id: UInt32, _ code: StreamErrorCode) {
        guard streams[id] != nil else { return }
        events.append(.reset(YamuxStreamID(rawValue: id), code))
        forget(id)
    }

    private mutating func receiveEnd(_ id: UInt32) {
        guard streams[id]?.isRemoteEnded == false else { return }
        streams[id]?.isRemoteEnded = true
        streams[id]?.lingerStart = nil
        announceReadable(id)
        finishIfOver(id)
    }

    /// Resets a stream for the peer's fault, and tells both.
    mutating func fail(_ id: UInt32, _ code: StreamErrorCode) {
        send(YamuxHeader(.windowUpdate, .rst, stream: id, length: code.rawValue))
        events.append(.reset(YamuxStreamID(rawValue: id), code))
        forget(id)
    }

    private mutating func announceReadable(_ id: UInt32) {
        guard let stream = streams[id], !stream.isToldToRead, !stream.isReadDropped else { return }
        streams[id]?.isToldToRead = true
        events.append(.readable(YamuxStreamID(rawValue: id)))
    }

    /// Gives the peer credit for what was read, once at least half of the window is free; and a
    /// larger window when it was used up within four round trips, as go-yamux does.
    private mutating func replenish(_ id: UInt32, at now: Duration) {
        guard let stream = streams[id], !stream.isRemoteEnded,
            stream.missingCredit >= stream.receiveWindow / 2
        else { return }
        var window = stream.receiveWindow
        if let roundTrip = keepalive.roundTrip, now - stream.epochStart < roundTrip * 4 {
            let room = max(0, growthLimit - grownByteCount)
            window = max(window, min(2 * window, window + room, options.maximumWindowByteCount))
        }
        let credit = stream.missingCredit + window - stream.receiveWindow
        grownByteCount += window - stream.receiveWindow
        streams[id]?.receiveWindow = window
        streams[id]?.receiveCredit += credit
        streams[id]?.epochStart = now
        send(YamuxHeader(.windowUpdate, stream: id, length: UInt32(credit)))
    }
}
