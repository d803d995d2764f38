// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Testing

@Suite struct YamuxTests {
    struct Frame: Decodable, Sendable {
        let what, hex: String
    }
    struct Frames: Decodable {
        let yamux: [Frame]
    }
    static let frames: [String: String] = Dictionary(
        uniqueKeysWithValues: Vectors.load("frames", as: Frames.self).yamux.map {
            ($0.what, $0.hex)
        })

    @Test func `published frames are those that are sent`() throws {
        var session = YamuxSession(isDialer: true, at: .zero)
        let id = try session.open(at: .zero)
        #expect(
            session.takeOutput().hex == Self.frames["open stream 1 (window update, SYN, delta 0)"])
        #expect(session.write(Array("hello".utf8)[...], to: id) == 5)
        #expect(session.takeOutput().hex == Self.frames["5 bytes on stream 1"])
        session.closeWrite(id)
        #expect(session.takeOutput().hex == Self.frames["FIN on stream 1"])
        session.reset(id)
        #expect(session.takeOutput().hex == Self.frames["RST on stream 1"])
        session.close(code: 0)
        #expect(session.takeOutput().hex == Self.frames["go away, normal"])

        var listener = YamuxSession(isDialer: false, at: .zero)
        listener.receive(frame(1, 1, stream: 1, length: 0), at: .zero)
        #expect(listener.takeEvents() == [.opened(id)])
        listener.accept(id)
        #expect(
            listener.takeOutput().hex
                == Self.frames["accept stream 1 (window update, ACK, delta 0)"])
        listener.receive([UInt8](hex: try #require(Self.frames["ping 7"])), at: .zero)
        #expect(listener.takeOutput().hex == Self.frames["ping 7 reply"])
    }

    @Test(arguments: [1, 5, 12, 13, 1000])
    func `bytes and ends come through both ways, in pieces of any size`(
        _ pieceByteCount: Int
    ) throws {
        var pair = YamuxPair()
        let id = try pair.dialer.open(at: .zero)
        #expect(pair.dialer.write([1, 2, 3][...], to: id) == 3)
        pair.pump(pieces: pieceByteCount)
        #expect(pair.listenerEvents == [.opened(id), .readable(id)])
        pair.listener.accept(id)
        #expect(pair.listener.write([9][...], to: id) == 1)
        pair.listener.closeWrite(id)
        pair.pump(pieces: pieceByteCount)
        #expect(pair.dialerEvents == [.acknowledged(id), .readable(id)])
        #expect(pair.listener.read(id, atMost: 2, at: .zero) == .bytes([1, 2]))
        #expect(pair.listener.read(id, atMost: 2, at: .zero) == .bytes([3]))
        #expect(pair.listener.read(id, atMost: 2, at: .zero) == .nothing)
        #expect(pair.dialer.read(id, atMost: 9, at: .zero) == .bytes([9]))
        #expect(pair.dialer.read(id, atMost: 9, at: .zero) == .end)
        pair.dialer.closeWrite(id)
        pair.pump(pieces: pieceByteCount)
        #expect(pair.listener.read(id, atMost: 2, at: .zero) == .end)
        pair.pump()
        #expect(pair.dialerEvents.last == .finished(id))
        #expect(pair.listenerEvents.last == .finished(id))
        #expect(pair.dialer.streamCount == 0 && pair.listener.streamCount == 0)
        #expect(pair.listener.read(id, atMost: 2, at: .zero) == .reset)
    }

    @Test func `readable comes once until a read found nothing`() throws {
        var pair = YamuxPair()
        let id = try pair.open()
        func readables() -> Int { pair.listenerEvents.count { $0 == .readable(id) } }
        for _ in 0..<3 {
            _ = pair.dialer.write([1][...], to: id)
            pair.pump()
        }
        #expect(readables() == 1)
        #expect(pair.drain(id) == [1, 1, 1])
        _ = pair.dialer.write([2][...], to: id)
        pair.pump()
        #expect(readables() == 2)
    }

    @Test func `a writer gets 256 KiB ahead of a reader that reads nothing`() throws {
        var pair = YamuxPair()
        let id = try pair.open()
        let bytes = [UInt8](repeating: 5, count: 1 << 20)
        var written = 0
        for _ in 0..<9 {
            written += try pair.write(bytes[written...], to: id)
            pair.pump()
        }
        #expect(written == 256 << 10)
        #expect(!pair.dialerEvents.contains(.writable(id)))
        #expect(pair.drain(id).count == 256 << 10)
        pair.pump()
        #expect(pair.dialerEvents.contains(.writable(id)))
    }

    @Test func `credit is a delta, given once half of the window is free`() throws {
        var pair = YamuxPair()
        let id = try pair.open()
        _ = pair.dialer.write([UInt8](repeating: 5, count: 200_000)[...], to: id)
        pair.pump()
        #expect(pair.listener.read(id, atMost: 65_524, at: .zero) != .nothing)
        #expect(pair.listener.takeOutput() == [])
        #expect(pair.listener.read(id, atMost: 65_524, at: .zero) != .nothing)
        #expect(pair.listener.takeOutput() == [])
        // 131,072 are half of the window.
        #expect(pair.listener.read(id, atMost: 24, at: .zero) != .nothing)
        #expect(pair.listener.takeOutput() == frame(1, stream: 1, length: 131_072))
    }

    @Test(arguments: [(false, 256 << 10), (true, 16 << 20)])
    func `a window grows up to 16 MiB while the reader keeps up`(
        _ isFast: Bool, _ window: Int
    ) throws {
        var pair = YamuxPair()
        pair.listener.tick(at: pair.now)
        pair.now += .milliseconds(10)
        // The ping's answer tells a round trip of 10 ms.
        pair.dialer.receive(pair.listener.takeOutput(), at: pair.now)
        pair.pump()
        #expect(pair.listener.roundTrip == .milliseconds(10))
        let id = try pair.open()
        let bytes = [UInt8](repeating: 5, count: 4 << 20)
        for _ in 0..<200 {
            pair.now += isFast ? .milliseconds(10) : .milliseconds(100)
            for _ in 0..<16 {
                _ = pair.dialer.write(bytes[...], to: id)
                pair.pump()
            }
            _ = pair.drain(id)
            pair.pump()
        }
        // What can be written without a read is the window, but for half of it not yet given.
        var written = 0
        for _ in 0..<100 {
            written += try pair.write(bytes[...], to: id)
            pair.pump()
        }
        #expect(written > window / 2 && written <= window)
        #expect(pair.listener.end == nil)
    }

    /// What can be written to four streams that were read fast and now are not read.
    static func bytesAhead(growth: Int) throws -> Int {
        var options = YamuxOptions()
        options.windowGrowthByteCount = growth
        var pair = YamuxPair(listener: options)
        pair.listener.tick(at: .zero)
        _ = pair.listener.takeOutput()
        pair.now = .milliseconds(10)
        pair.listener.receive(frame(2, 2, stream: 0, length: 0), at: pair.now)
        let bytes = [UInt8](repeating: 5, count: 1 << 20)
        let ids = try (0..<4).map { _ in try pair.open() }
        for id in ids {
            for _ in 0..<50 {
                _ = try pair.write(bytes[...], to: id)
                pair.pump()
                _ = pair.drain(id)
                pair.pump()
            }
        }
        var total = 0
        for id in ids {
            for _ in 0..<80 {
                total += try pair.write(bytes[...], to: id)
                pair.pump()
            }
        }
        return total
    }

    @Test func `windows of all streams together grow by no more than their budget`() throws {
        let fixed = 4 * YamuxOptions.initialWindowByteCount
        let totals = try [0, 300_000, 8 << 20].map { try Self.bytesAhead(growth: $0) }
        #expect(totals[0] <= fixed)
        #expect(totals[1] <= fixed + 300_000 && totals[1] > totals[0])
        #expect(totals[2] <= fixed + (8 << 20) && totals[2] > fixed + (2 << 20))
    }

    @Test func `output is bounded, and writers that wait are told in turn`() throws {
        var pair = YamuxPair()
        let (one, two) = (try pair.open(), try pair.open())
        let bytes = [UInt8](repeating: 5, count: 200_000)
        #expect(pair.dialer.write(bytes[...], to: one) == 200_000)
        let accepted = try pair.write(bytes[...], to: two)
        #expect(accepted < 70_000)
        #expect(pair.dialer.write([1][...], to: one) == 0)
        #expect(pair.dialer.outputByteCount <= 256 << 10 + 100)
        #expect(pair.dialer.takeEvents() == [])
        _ = pair.dialer.takeOutput()
        #expect(pair.dialer.takeEvents() == [.writable(two), .writable(one)])
    }

    @Test func `one stream that nobody reads holds up no other`() throws {
        var pair = YamuxPair()
        let (stuck, free) = (try pair.open(), try pair.open())
        _ = pair.dialer.write([UInt8](repeating: 1, count: 1 << 20)[...], to: stuck)
        pair.pump()
        for round in 0..<20 {
            var rest = [UInt8](repeating: UInt8(round), count: 300_000)[...]
            var received: [UInt8] = []
            while !rest.isEmpty {
                rest = rest.dropFirst(try pair.write(rest, to: free))
                pair.pump()
                received += pair.drain(free)
                pair.pump()
            }
            #expect(received.count == 300_000 && received.allSatisfy { $0 == UInt8(round) })
        }
    }

    @Test func `a reset ends both halves, with its code`() throws {
        var pair = YamuxPair()
        let id = try pair.open()
        _ = pair.dialer.write([1][...], to: id)
        pair.pump()
        pair.dialer.reset(id, code: .rateLimited)
        pair.pump()
        #expect(Array(pair.listenerEvents.suffix(2)) == [.reset(id, .rateLimited), .finished(id)])
        #expect(pair.dialerEvents.last == .finished(id))
        #expect(pair.listener.read(id, atMost: 1, at: .zero) == .reset)
        #expect(pair.listener.write([1][...], to: id) == nil)
        #expect(pair.dialer.write([1][...], to: id) == nil)
    }

    @Test func `a closed stream drops what arrives, and is reset when the peer never ends`() throws
    {
        var pair = YamuxPair()
        let id = try pair.open()
        _ = pair.listener.write([7][...], to: id)
        pair.listener.close(id, at: pair.now)
        pair.pump()
        #expect(pair.dialer.read(id, atMost: 9, at: .zero) == .bytes([7]))
        #expect(pair.dialer.read(id, atMost: 9, at: .zero) == .end)
        _ = pair.dialer.write([UInt8](repeating: 1, count: 1000)[...], to: id)
        pair.pump()
        #expect(!pair.listenerEvents.contains(.readable(id)))
        pair.listener.tick(at: .seconds(59))
        #expect(pair.listener.streamCount == 1)
        pair.listener.tick(at: .seconds(60))
        #expect(pair.listener.streamCount == 0)
        pair.pump()
        #expect(pair.dialerEvents.contains(.reset(id, .garbageCollected)))
    }

    @Test func `a closed stream whose peer uses up its window is reset`() throws {
        var pair = YamuxPair()
        let id = try pair.open()
        pair.listener.close(id, at: pair.now)
        pair.pump()
        for _ in 0..<3 {
            _ = pair.dialer.write([UInt8](repeating: 1, count: 1 << 20)[...], to: id)
            pair.pump()
        }
        #expect(pair.dialerEvents.contains(.reset(id, .none)))
        #expect(pair.listener.streamCount == 0)
    }
}
