// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Testing

/// What peers must not do, and what they may although it helps nobody.
@Suite struct YamuxRuleTests {
    /// A listener with the dialer's stream 1 open.
    static func listener(_ options: YamuxOptions = YamuxOptions()) -> YamuxSession {
        var session = YamuxSession(isDialer: false, options: options, at: .zero)
        session.receive(frame(1, 1, stream: 1, length: 0), at: .zero)
        session.accept(YamuxStreamID(rawValue: 1))
        _ = session.takeOutput()
        _ = session.takeEvents()
        return session
    }

    @Test(
        arguments: [
            ([1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], .version(offset: 12)),
            (frame(4, stream: 1, length: 0), .type(offset: 12)),
            (frame(0, stream: 0, length: 0), .streamID(offset: 12)),
            (frame(1, stream: 0, length: 0), .streamID(offset: 12)),
            (frame(2, 1, stream: 1, length: 0), .streamID(offset: 12)),
            (frame(3, stream: 1, length: 0), .streamID(offset: 12)),
            (frame(1, 1, stream: 2, length: 0), .parity(offset: 12)),
            (frame(0, 1, stream: 1, length: 0), .duplicateStream(offset: 12)),
            (frame(0, stream: 1, length: 262_145), .windowExceeded(offset: 12)),
            (frame(0, stream: 1, length: .max), .windowExceeded(offset: 12)),
            (frame(1, stream: 1, length: .max), .windowOverflow(offset: 12)),
        ] as [([UInt8], YamuxError)])
    func `a broken rule ends the session with a GoAway`(_ bytes: [UInt8], _ error: YamuxError) {
        for pieceByteCount in [1, 12] {
            var session = Self.listener()
            for piece in bytes.pieces(of: pieceByteCount) { session.receive(piece, at: .zero) }
            #expect(session.end == .violation(error))
            #expect(session.takeEvents() == [.ended(.violation(error))])
            #expect(session.takeOutput() == frame(3, stream: 0, length: 1))
            session.receive(frame(2, 1, stream: 0, length: 1), at: .zero)
            session.tick(at: .seconds(100))
            #expect(session.takeOutput() == [] && session.takeEvents() == [])
            #expect(throws: YamuxOpenError.closed) { try session.open(at: .zero) }
        }
    }

    @Test func `the window counts over many frames, and again after credit`() {
        var session = Self.listener()
        let id = YamuxStreamID(rawValue: 1)
        let quarter = frame(
            0, stream: 1, length: 65_536, [UInt8](repeating: 1, count: 65_536))
        for _ in 0..<4 { session.receive(quarter, at: .zero) }
        #expect(session.end == nil)
        for _ in 0..<2 { _ = session.read(id, atMost: 65_536, at: .zero) }
        #expect(session.takeOutput() == frame(1, stream: 1, length: 131_072))
        session.receive(quarter + quarter, at: .zero)
        #expect(session.end == nil)
        session.receive(frame(0, stream: 1, length: 1, [0]), at: .zero)
        let offset = UInt64(12 + 6 * 65_548)
        #expect(session.end == .violation(.windowExceeded(offset: offset)))
    }

    @Test func `what of a frame is yet to come is not given as credit`() {
        var session = Self.listener()
        let header = frame(0, stream: 1, length: 262_144)
        session.receive(header + [UInt8](repeating: 1, count: 200_000), at: .zero)
        let id = YamuxStreamID(rawValue: 1)
        #expect(session.read(id, atMost: 300_000, at: .zero) != .nothing)
        #expect(session.takeOutput() == frame(1, stream: 1, length: 200_000))
        session.receive([UInt8](repeating: 1, count: 62_144), at: .zero)
        session.receive(frame(0, stream: 1, length: 200_001), at: .zero)
        #expect(session.end == .violation(.windowExceeded(offset: 12 + 262_156)))
    }

    @Test func `a GoAway ends all streams`() {
        var session = Self.listener()
        session.receive(frame(3, stream: 0, length: 0), at: .zero)
        #expect(session.takeEvents() == [.ended(.goAway(0))])
        #expect(session.takeOutput() == [])
        #expect(session.streamCount == 0)
    }

    @Test func `frames for streams that are not there are drained`() {
        var session = Self.listener()
        session.receive(frame(0, 0, stream: 3, length: 1_000_000), at: .zero)
        for _ in 0..<10 { session.receive([UInt8](repeating: 3, count: 100_000), at: .zero) }
        session.receive(frame(1, 8, stream: 5, length: 0x1000), at: .zero)
        session.receive(frame(1, 4, stream: 7, length: 0), at: .zero)
        session.receive(frame(1, 2, stream: 9, length: 0), at: .zero)
        session.receive(frame(2, 2, stream: 0, length: 99), at: .zero)
        session.receive(frame(0, stream: 1, length: 1, [8]), at: .zero)
        #expect(session.end == nil)
        #expect(session.read(YamuxStreamID(rawValue: 1), atMost: 9, at: .zero) == .bytes([8]))
    }

    @Test func `payload comes before the end or reset in its frame`() {
        var session = Self.listener()
        let id = YamuxStreamID(rawValue: 1)
        session.receive(frame(0, 4, stream: 1, length: 2, [8, 9]), at: .zero)
        #expect(session.read(id, atMost: 9, at: .zero) == .bytes([8, 9]))
        #expect(session.read(id, atMost: 9, at: .zero) == .end)
        session.receive(frame(0, 1, stream: 3, length: 0), at: .zero)
        session.receive(frame(0, 8, stream: 3, length: 2, [8, 9]), at: .zero)
        #expect(
            Array(session.takeEvents().suffix(2)) == [
                .reset(YamuxStreamID(rawValue: 3), .none), .finished(YamuxStreamID(rawValue: 3)),
            ])
        #expect(session.streamCount == 1)
    }

    @Test func `bytes behind the end reset the stream only`() {
        var session = Self.listener()
        session.receive(frame(1, 4, stream: 1, length: 0), at: .zero)
        session.receive(frame(0, stream: 1, length: 2, [8, 9]), at: .zero)
        #expect(session.end == nil)
        #expect(
            session.takeOutput()
                == frame(1, 8, stream: 1, length: StreamErrorCode.protocolViolation.rawValue))
    }

    @Test func `the backlog holds 256 streams, and further ones are reset`() {
        var options = YamuxOptions()
        options.maximumInboundStreamCount = 1000
        var session = YamuxSession(isDialer: false, options: options, at: .zero)
        for index in 0..<300 {
            session.receive(frame(1, 1, stream: UInt32(2 * index + 1), length: 0), at: .zero)
        }
        #expect(session.streamCount == 256)
        let refused = frame(1, 8, stream: 513, length: StreamErrorCode.resourceLimit.rawValue)
        #expect(session.takeOutput().starts(with: refused))
        session.accept(YamuxStreamID(rawValue: 1))
        session.receive(frame(1, 1, stream: 1001, length: 0), at: .zero)
        #expect(session.streamCount == 257)
    }

    @Test func `a peer has at most 256 streams open`() {
        var session = YamuxSession(isDialer: false, at: .zero)
        for index in 0..<1000 {
            let id = UInt32(2 * index + 1)
            session.receive(frame(1, 1, stream: id, length: 0), at: .zero)
            session.accept(YamuxStreamID(rawValue: id))
            _ = session.takeOutput()
        }
        #expect(session.streamCount == 256)
    }

    @Test func `256 streams that nobody accepted keep the opener waiting`() throws {
        var options = YamuxOptions()
        options.maximumOutboundStreamCount = 1000
        var session = YamuxSession(isDialer: true, options: options, at: .zero)
        for _ in 0..<256 { _ = try session.open(at: .zero) }
        #expect(throws: YamuxOpenError.tooManyUnacknowledged) { try session.open(at: .zero) }
        session.receive(frame(1, 2, stream: 5, length: 0), at: .zero)
        #expect(session.takeEvents() == [.openable, .acknowledged(YamuxStreamID(rawValue: 5))])
        #expect(try session.open(at: .zero).rawValue == 513)
        session.receive(frame(1, 8, stream: 7, length: 0), at: .zero)
        #expect(try session.open(at: .zero).rawValue == 515)
    }

    @Test func `unread bytes of all streams have a bound, and the stream that breaks it is reset`()
    {
        var options = YamuxOptions()
        options.maximumUnreadByteCount = 500_000
        var session = Self.listener(options)
        session.receive(frame(1, 1, stream: 3, length: 0), at: .zero)
        let payload = [UInt8](repeating: 1, count: 250_000)
        session.receive(frame(0, stream: 1, length: 250_000, payload), at: .zero)
        session.receive(frame(0, stream: 3, length: 250_000, payload), at: .zero)
        #expect(session.streamCount == 2)
        session.receive(frame(0, stream: 3, length: 1, [1]), at: .zero)
        #expect(session.takeEvents().contains(.reset(YamuxStreamID(rawValue: 3), .resourceLimit)))
        session.receive(frame(0, stream: 1, length: 1, [1]), at: .zero)
        #expect(session.streamCount == 1 && session.end == nil)
    }

    @Test func `a peer that asks and never reads loses the session`() {
        var session = YamuxSession(isDialer: false, at: .zero)
        for index in 0..<100_000 where session.end == nil {
            session.receive(frame(1, 1, stream: UInt32(2 * index + 1), length: 0), at: .zero)
        }
        #expect(session.end == .unreadAnswers)
        #expect(session.outputByteCount <= 300_000)
    }

    @Test func `pings are answered at once, 32 at a time`() {
        var session = YamuxSession(isDialer: false, at: .zero)
        for value in 0..<100 {
            session.receive(frame(2, 1, stream: 0, length: UInt32(value)), at: .zero)
        }
        #expect(session.takeOutput().count == 32 * 12)
        session.receive(frame(2, 1, stream: 0, length: 7), at: .zero)
        #expect(session.takeOutput() == frame(2, 2, stream: 0, length: 7))
    }

    @Test func `a ping is sent at the start and every 30 seconds, and measures the round trip`() {
        var session = YamuxSession(isDialer: true, at: .seconds(5))
        #expect(session.nextDeadline == .seconds(5))
        session.tick(at: .seconds(5))
        #expect(session.takeOutput() == frame(2, 1, stream: 0, length: 0))
        #expect(session.nextDeadline == .seconds(15))
        session.receive(frame(2, 2, stream: 0, length: 0), at: .seconds(6))
        #expect(session.takeEvents() == [.roundTrip(.seconds(1))])
        #expect(session.nextDeadline == .seconds(35))
        session.tick(at: .seconds(34))
        #expect(session.takeOutput() == [])
        session.tick(at: .seconds(35))
        #expect(session.takeOutput() == frame(2, 1, stream: 0, length: 1))
        session.receive(frame(2, 2, stream: 0, length: 1), at: .seconds(44))
        #expect(session.roundTrip == .seconds(2))
    }

    @Test func `a peer that is silent for 10 seconds after a ping loses the session`() {
        var session = YamuxSession(isDialer: true, at: .zero)
        session.tick(at: .zero)
        session.receive(frame(1, stream: 9, length: 0), at: .seconds(9))
        session.tick(at: .seconds(10))
        #expect(session.end == nil)
        #expect(session.nextDeadline == .seconds(19))
        session.tick(at: .seconds(19))
        #expect(session.end == .silence)
        #expect(session.nextDeadline == nil)
    }
}
