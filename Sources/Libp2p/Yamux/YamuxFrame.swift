// SPDX-License-Identifier: Apache-2.0

/// The header of a Yamux frame: 12 bytes, big-endian.
///
/// `version u8 | type u8 | flags u16 | stream ID u32 | length u32`.
/// Spec: <https://github.com/libp2p/specs/blob/master/yamux/README.md>.
struct YamuxHeader: Hashable, Sendable {
    static let byteCount = 12

    /// What a frame is.
    enum Kind: UInt8, Sendable {
        /// `length` bytes of payload follow.
        case data = 0
        /// `length` is added to the receiver's window for sending.
        case windowUpdate = 1
        /// `length` is an opaque value.
        case ping = 2
        /// `length` is a code.
        case goAway = 3
    }

    /// What a frame says of its stream, besides.
    struct Flags: OptionSet, Hashable, Sendable {
        let rawValue: UInt16
        /// Opens the stream; asks, in a ping.
        static let syn = Flags(rawValue: 1)
        /// Accepts the stream; answers, in a ping.
        static let ack = Flags(rawValue: 2)
        /// Ends the sender's half.
        static let fin = Flags(rawValue: 4)
        /// Ends the stream at once.
        static let rst = Flags(rawValue: 8)
    }

    var kind: Kind
    var flags: Flags
    var streamID: UInt32
    var length: UInt32

    init(_ kind: Kind, _ flags: Flags = [], stream: UInt32 = 0, length: UInt32 = 0) {
        self.kind = kind
        self.flags = flags
        streamID = stream
        self.length = length
    }

    /// Parses 12 bytes that start at `offset` of `bytes`, which is at `place` of the connection.
    init(_ bytes: [UInt8], at offset: Int, place: UInt64) throws(YamuxError) {
        guard bytes[offset] == 0 else { throw .version(offset: place) }
        guard let kind = Kind(rawValue: bytes[offset + 1]) else { throw .type(offset: place) }
        self.kind = kind
        flags = Flags(rawValue: UInt16(bytes[offset + 2]) << 8 | UInt16(bytes[offset + 3]))
        streamID = Self.number(bytes, at: offset + 4)
        length = Self.number(bytes, at: offset + 8)
    }

    /// Appends the 12 bytes.
    func append(to output: inout [UInt8]) {
        output.append(0)
        output.append(kind.rawValue)
        output.append(UInt8(flags.rawValue >> 8))
        output.append(UInt8(flags.rawValue & 0xff))
        for number in [streamID, length] {
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                output.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
    }

    private static func number(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[offset + $1]) }
    }
}
