// SPDX-License-Identifier: Apache-2.0

extension YamuxSession {
    /// Queues as much of `bytes` for a stream as the peer's window and the output have room for,
    /// and says how much that was; nil if the stream is not known, or this half has ended.
    ///
    /// After a write that was cut short, ``YamuxEvent/writable(_:)`` says when to go on.
    /// - Complexity: O(bytes taken), which are copied once.
    public mutating func write(_ bytes: ArraySlice<UInt8>, to id: YamuxStreamID) -> Int? {
        guard let stream = streams[id.rawValue], !stream.isLocalEnded else { return nil }
        var rest = bytes
        var credit = stream.sendCredit
        var room = max(0, options.outputByteCount - output.count)
        // For small writes the array's own growth is better.
        if rest.count >= 4096 {
            let headers = 1 + rest.count / YamuxOptions.maximumPayloadByteCount
            let byteCount = min(rest.count, credit, room) + headers * YamuxHeader.byteCount
            output.reserveCapacity(output.count + byteCount)
        }
        while !rest.isEmpty, credit > 0, room > 0 {
            let byteCount = min(
                rest.count, credit, room, YamuxOptions.maximumPayloadByteCount)
            YamuxHeader(.data, stream: id.rawValue, length: UInt32(byteCount)).append(to: &output)
            output.append(contentsOf: rest.prefix(byteCount))
            rest = rest.dropFirst(byteCount)
            credit -= byteCount
            room -= byteCount
        }
        streams[id.rawValue]?.sendCredit = credit
        if !rest.isEmpty {
            streams[id.rawValue]?.wantsRoom = true
            if credit > 0, !outputWaiters.contains(id.rawValue) {
                outputWaiters.append(id.rawValue)
            }
        }
        return bytes.count - rest.count
    }

    /// How much output waits to be taken, in bytes.
    public var outputByteCount: Int { output.count }

    /// What is to be sent, in order.
    ///
    /// Writes have room again, of which events tell.
    public mutating func takeOutput() -> [UInt8] {
        guard !output.isEmpty else { return [] }
        defer { output = [] }
        controlByteCount = 0
        answerCount = 0
        let waiters = outputWaiters
        outputWaiters = []
        for id in waiters { announceWritable(id) }
        return output
    }

    /// Tells the shell once after a write was cut short.
    mutating func announceWritable(_ id: UInt32) {
        guard let stream = streams[id], stream.wantsRoom, stream.sendCredit > 0 else { return }
        streams[id]?.wantsRoom = false
        events.append(.writable(YamuxStreamID(rawValue: id)))
    }

    /// Queues a frame without payload.
    ///
    /// A peer that makes this side queue too many of them does not read, and loses the session.
    mutating func send(_ header: YamuxHeader) {
        guard end == nil else { return }
        header.append(to: &output)
        controlByteCount += YamuxHeader.byteCount
        if controlByteCount > options.maximumControlByteCount { finish(.unreadAnswers) }
    }
}
