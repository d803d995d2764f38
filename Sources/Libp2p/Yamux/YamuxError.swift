// SPDX-License-Identifier: Apache-2.0

/// How a peer broke the rules of Yamux; offsets are those of the frame's first byte in all that
/// the peer sent.
public enum YamuxError: Error, Hashable, Sendable {
    /// A version other than 0.
    case version(offset: UInt64)
    /// A type that does not exist.
    case type(offset: UInt64)
    /// A stream ID that the frame's type does not allow: 0 on a stream's, another on the session's.
    case streamID(offset: UInt64)
    /// The peer opened a stream with an ID of this side's.
    case parity(offset: UInt64)
    /// The peer opened a stream that is open.
    case duplicateStream(offset: UInt64)
    /// More payload than the stream's window had room for.
    case windowExceeded(offset: UInt64)
    /// A window of more than 2^32-1 bytes.
    case windowOverflow(offset: UInt64)
}

extension YamuxError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .version(let offset): "the Yamux frame at byte \(offset) has another version"
        case .type(let offset): "the Yamux frame at byte \(offset) has an unknown type"
        case .streamID(let offset): "the Yamux frame at byte \(offset) has a wrong stream ID"
        case .parity(let offset): "the Yamux frame at byte \(offset) opens a stream of this side's"
        case .duplicateStream(let offset):
            "the Yamux frame at byte \(offset) opens a stream that is open"
        case .windowExceeded(let offset): "the Yamux frame at byte \(offset) exceeds its window"
        case .windowOverflow(let offset):
            "the Yamux frame at byte \(offset) makes a window of over 4 GiB"
        }
    }
}

/// Why a session ended.
public enum YamuxEnd: Hashable, Sendable {
    /// This side ended it.
    case closed
    /// The peer sent a GoAway with this code: 0 normal, 1 protocol error, 2 internal error.
    case goAway(UInt32)
    /// The peer broke a rule; it has been told.
    case violation(YamuxError)
    /// A ping was not answered, nor anything else heard, in time.
    case silence
    /// The peer makes this side answer, and does not take the answers.
    case unreadAnswers
}

/// Why no stream can be opened.
public enum YamuxOpenError: Error, Hashable, Sendable {
    /// The session has ended.
    case closed
    /// As many streams as allowed are open. May be retried after ``YamuxEvent/finished(_:)``.
    case tooManyStreams
    /// The peer has not accepted the last 256. May be retried after ``YamuxEvent/openable``.
    case tooManyUnacknowledged
    /// All IDs of this side are used up; only another connection helps.
    case exhausted
}

/// The codes that go with a reset, as libp2p has them; 0 for none.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/error-codes/README.md>.
public struct StreamErrorCode: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt32

    /// Makes the code with this number, known by name or not.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// No reason is given.
    public static let none = StreamErrorCode(rawValue: 0)
    /// No protocol was agreed on.
    public static let negotiationFailed = StreamErrorCode(rawValue: 0x1000)
    /// A limit was met.
    public static let resourceLimit = StreamErrorCode(rawValue: 0x1001)
    /// Too much at a time.
    public static let rateLimited = StreamErrorCode(rawValue: 0x1002)
    /// The peer broke the protocol.
    public static let protocolViolation = StreamErrorCode(rawValue: 0x1003)
    /// Another stream or connection took its place.
    public static let supplanted = StreamErrorCode(rawValue: 0x1004)
    /// It was not used.
    public static let garbageCollected = StreamErrorCode(rawValue: 0x1005)
    /// The program ends.
    public static let shutdown = StreamErrorCode(rawValue: 0x1006)
    /// The peer is not allowed.
    public static let gated = StreamErrorCode(rawValue: 0x1007)
}
