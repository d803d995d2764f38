// SPDX-License-Identifier: Apache-2.0

import Testing

// The session's own counts, which must add up.
@testable import Libp2p

extension YamuxSession {
    /// Whether the counts are those of the streams, and within the bounds.
    func expectConsistent(_ comment: Comment) {
        let all = streams.values
        #expect(unreadByteCount == all.reduce(0) { $0 + $1.unread.byteCount }, comment)
        #expect(inboundCount == all.count { !$0.isOutbound }, comment)
        #expect(backlogCount == all.count { !$0.isOutbound && !$0.isAcknowledged }, comment)
        #expect(unacknowledgedCount == all.count { $0.isOutbound && !$0.isAcknowledged }, comment)
        if end == nil {
            let initial = YamuxOptions.initialWindowByteCount
            #expect(grownByteCount == all.reduce(0) { $0 + $1.receiveWindow - initial }, comment)
            #expect(grownByteCount <= growthLimit, comment)
        }
        #expect(unreadByteCount <= options.maximumUnreadByteCount, comment)
        #expect(inboundCount <= options.maximumInboundStreamCount, comment)
        #expect(
            output.count <= options.outputByteCount + options.maximumControlByteCount + 4096,
            comment)
        for stream in all { #expect(stream.missingCredit >= 0 && stream.sendCredit >= 0, comment) }
    }
}

@Suite struct YamuxFuzzTests {
    /// Small limits, so that a few frames meet them.
    static let options: YamuxOptions = {
        var options = YamuxOptions()
        options.maximumUnreadByteCount = 300_000
        options.maximumInboundStreamCount = 4
        options.maximumBacklogCount = 3
        options.maximumControlByteCount = 2000
        options.outputByteCount = 100_000
        return options
    }()

    @Test func `frames of any kind leave a session whole`() throws {
        var mutator = Mutator("Yamux frames")
        let frames = [
            frame(1, 1, stream: 1, length: 0), frame(0, 1, stream: 3, length: 3, [1, 2, 3]),
            frame(1, 1, stream: 5, length: 9), frame(0, stream: 1, length: 2, [1, 2]),
            frame(0, stream: 1, length: 100_000, [UInt8](repeating: 1, count: 100_000)),
            frame(0, 4, stream: 3, length: 1, [1]), frame(1, 8, stream: 3, length: 0x1001),
            frame(1, stream: 1, length: 65_536), frame(2, 1, stream: 0, length: 7),
            frame(2, 2, stream: 0, length: 0), frame(1, 2, stream: 2, length: 0),
            frame(0, 4, stream: 2, length: 0), frame(1, 4, stream: 1, length: 0),
            frame(0, 8, stream: 5, length: 0), frame(1, stream: 2, length: 1),
        ]
        var ended = 0
        for _ in 0..<Mutator.inputCount / 2 {
            var session = YamuxSession(isDialer: false, options: Self.options, at: .zero)
            session.tick(at: .zero)
            _ = try session.open(at: .zero)
            for step in 0..<12 where session.end == nil {
                let now = Duration.seconds(step)
                let isWrong = mutator.number(below: 4) == 0
                let bytes = isWrong ? mutator.mutate(frames) : mutator.pick(frames)
                for piece in mutator.pieces(bytes) { session.receive(piece, at: now) }
                let id = YamuxStreamID(rawValue: UInt32(1 + mutator.number(below: 6)))
                switch mutator.number(below: 9) {
                case 0: session.accept(id)
                case 1: session.close(id, at: now)
                case 2: session.closeWrite(id)
                case 3: session.reset(id)
                case 4: _ = session.read(id, atMost: 70_000, at: now)
                case 5: _ = session.write([UInt8](repeating: 2, count: 50_000)[...], to: id)
                case 6: _ = session.takeOutput()
                case 7: session.tick(at: now + .seconds(mutator.number(below: 100)))
                default: _ = session.takeEvents()
                }
                session.expectConsistent("step \(step)")
            }
            if session.end != nil { ended += 1 }
        }
        #expect(ended > 10 && ended < Mutator.inputCount / 2)
    }

    /// A stream of the model: what was written and what was read.
    struct Model {
        var sent = 0
        var received = 0
        var isEnded = false
    }

    @Test(arguments: [1, 11, 1000, 100_000])
    func `whatever is written is read, in order, whoever does what first`(
        _ pieceByteCount: Int
    ) throws {
        var mutator = Mutator("Yamux model \(pieceByteCount)")
        var pair = YamuxPair()
        var models: [UInt32: Model] = [:]
        func pattern(_ id: UInt32, _ offset: Int) -> UInt8 {
            UInt8(truncatingIfNeeded: offset &* 7 &+ offset >> 8 &+ Int(id))
        }
        let stepCount = pieceByteCount == 1 ? 150 : 1500
        for step in 0..<stepCount {
            pair.now += .milliseconds(1)
            let ids = models.keys.sorted()
            switch mutator.number(below: 10) {
            case 0 where models.count < 20:
                models[try pair.dialer.open(at: pair.now).rawValue] = Model()
            case 1...4 where !ids.isEmpty:
                let id = mutator.pick(ids)
                guard var model = models[id], !model.isEnded else { continue }
                let largest = pieceByteCount == 1 ? 300 : 150_000
                let bytes = (0..<mutator.number(below: largest)).map {
                    pattern(id, model.sent + $0)
                }
                model.sent += try pair.write(bytes[...], to: YamuxStreamID(rawValue: id))
                models[id] = model
            case 5 where !ids.isEmpty:
                let id = mutator.pick(ids)
                pair.dialer.closeWrite(YamuxStreamID(rawValue: id))
                models[id]?.isEnded = true
            case 6...8 where !ids.isEmpty:
                let id = mutator.pick(ids)
                let limit = 1 + mutator.number(below: 100_000)
                pair.listener.accept(YamuxStreamID(rawValue: id))
                let bytes = pair.drain(YamuxStreamID(rawValue: id), atMost: limit)
                let start = models[id]?.received ?? 0
                let expected = bytes.indices.map { pattern(id, start + $0) }
                try #require(bytes == expected, "stream \(id) from byte \(start)")
                models[id]?.received += bytes.count
            default: pair.pump(pieces: pieceByteCount)
            }
            if step % 16 == 0 {
                pair.dialer.expectConsistent("dialer, step \(step)")
                pair.listener.expectConsistent("listener, step \(step)")
            }
        }
        for id in models.keys {
            let stream = YamuxStreamID(rawValue: id)
            pair.dialer.closeWrite(stream)
            for _ in 0..<3 {
                pair.pump(pieces: pieceByteCount)
                models[id]?.received += pair.drain(stream).count
            }
            #expect(models[id]?.received == models[id]?.sent)
            pair.listener.close(stream, at: pair.now)
            pair.pump()
            _ = pair.dialer.read(stream, atMost: 1, at: pair.now)
        }
        #expect(pair.dialer.streamCount == 0 && pair.listener.streamCount == 0)
        #expect(pair.dialer.end == nil && pair.listener.end == nil)
    }
}
