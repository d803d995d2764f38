// SPDX-License-Identifier: Apache-2.0

import Libp2p

/// Two sessions that talk to each other.
struct YamuxPair {
    var dialer: YamuxSession
    var listener: YamuxSession
    var now = Duration.zero
    /// All events so far.
    var dialerEvents: [YamuxEvent] = []
    var listenerEvents: [YamuxEvent] = []

    init(dialer: YamuxOptions = YamuxOptions(), listener: YamuxOptions = YamuxOptions()) {
        self.dialer = YamuxSession(isDialer: true, options: dialer, at: .zero)
        self.listener = YamuxSession(isDialer: false, options: listener, at: .zero)
    }

    /// Carries output to the other side, until there is none.
    mutating func pump(pieces byteCount: Int = .max) {
        while true {
            dialerEvents += dialer.takeEvents()
            listenerEvents += listener.takeEvents()
            let (right, left) = (dialer.takeOutput(), listener.takeOutput())
            if right.isEmpty && left.isEmpty { break }
            for piece in right.pieces(of: min(byteCount, max(1, right.count))) {
                listener.receive(piece, at: now)
            }
            for piece in left.pieces(of: min(byteCount, max(1, left.count))) {
                dialer.receive(piece, at: now)
            }
        }
        dialerEvents += dialer.takeEvents()
        listenerEvents += listener.takeEvents()
    }

    /// Opens a stream of the dialer that the listener accepts.
    mutating func open() throws -> YamuxStreamID {
        let id = try dialer.open(at: now)
        pump()
        listener.accept(id)
        pump()
        return id
    }

    /// A write of the dialer, which must be possible: how much was taken.
    mutating func write(_ bytes: ArraySlice<UInt8>, to id: YamuxStreamID) throws -> Int {
        guard let count = dialer.write(bytes, to: id) else { throw StreamGone() }
        return count
    }

    struct StreamGone: Error {}

    /// All that the listener can read of a stream.
    mutating func drain(_ id: YamuxStreamID, atMost limit: Int = 100_000) -> [UInt8] {
        var bytes: [UInt8] = []
        while case .bytes(let more) = listener.read(id, atMost: limit, at: now) { bytes += more }
        return bytes
    }
}

/// A frame by its fields.
func frame(
    _ type: UInt8, _ flags: UInt8 = 0, stream: UInt32, length: UInt32, _ payload: [UInt8] = []
) -> [UInt8] {
    func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }
    return [0, type, 0, flags] + bytes(stream) + bytes(length) + payload
}
