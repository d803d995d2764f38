// SPDX-License-Identifier: Apache-2.0

/// The number of a stream in its session.
public struct YamuxStreamID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire: odd for streams of the side that dialled.
    public let rawValue: UInt32

    /// Wraps a number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The number.
    public var description: String { String(rawValue) }
}

/// What a session has to tell its shell.
public enum YamuxEvent: Hashable, Sendable {
    /// The peer opened a stream; it waits to be accepted or reset.
    case opened(YamuxStreamID)
    /// The peer accepted a stream of this side.
    case acknowledged(YamuxStreamID)
    /// After ``YamuxOpenError/tooManyUnacknowledged``: a stream can be opened again.
    case openable
    /// There are bytes to read, or the end. Comes again only after a read found nothing.
    case readable(YamuxStreamID)
    /// After a write that was cut short: there is room again.
    case writable(YamuxStreamID)
    /// The peer reset the stream, or the session did for the peer's fault. Nothing can be read or
    /// written any more.
    case reset(YamuxStreamID, StreamErrorCode)
    /// The stream is over and forgotten, after a reset or both ends; its ID means nothing now.
    case finished(YamuxStreamID)
    /// A ping was answered after this time.
    case roundTrip(Duration)
    /// The session is over, and so are its streams, without further events. What is queued as
    /// output is to be sent before the connection is closed.
    case ended(YamuxEnd)
}

/// What a read gave.
public enum YamuxRead: Hashable, Sendable {
    /// Bytes, at least one.
    case bytes([UInt8])
    /// Nothing yet; ``YamuxEvent/readable(_:)`` comes when there is.
    case nothing
    /// The peer ended its half, and all was read.
    case end
    /// The stream was reset, or is not known.
    case reset
}
