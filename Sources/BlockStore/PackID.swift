// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The name of a pack: a UUIDv7, so that names sort by the time they were made.
///
/// Never reused. Spec: <https://www.rfc-editor.org/rfc/rfc9562#section-5.7>.
public struct PackID: Hashable, Sendable {
    /// The length of the binary form, in bytes.
    public static let byteCount = 16

    /// Octets 0 to 7: 48 bits of milliseconds, version, 12 random bits.
    private let high: UInt64
    /// Octets 8 to 15: variant, 62 random bits.
    private let low: UInt64

    /// The pack ID of a point in time and random bits.
    ///
    /// - Parameters:
    ///   - milliseconds: since 1970 (UTC); the lowest 48 bits are kept.
    ///   - random: the lowest 12 bits of the first and the lowest 62 of the second are kept.
    public static func make(milliseconds: UInt64, random: (UInt64, UInt64)) -> PackID {
        PackID(
            high: milliseconds << 16 | 0x7000 | random.0 & 0x0fff,
            low: 0x8000_0000_0000_0000 | random.1 & 0x3fff_ffff_ffff_ffff)
    }

    /// The pack ID of a point in time, its random bits drawn from `generator`.
    ///
    /// - Parameter milliseconds: since 1970 (UTC).
    public static func make(
        milliseconds: UInt64, using generator: inout some RandomNumberGenerator
    ) -> PackID {
        make(milliseconds: milliseconds, random: (generator.next(), generator.next()))
    }

    /// A new pack ID from the machine's wall clock and random source.
    public static func make() -> PackID {
        var time = timespec()
        // Cannot fail: the clock exists everywhere and `time` lives across the call.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        var generator = SystemRandomNumberGenerator()
        let milliseconds =
            UInt64(clamping: time.tv_sec) &* 1_000 &+ UInt64(clamping: time.tv_nsec) / 1_000_000
        return make(milliseconds: milliseconds, using: &generator)
    }

    /// Reads the binary form; nil unless `bytes` is a UUIDv7 of exactly 16 octets.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            if index < 8 {
                words.0 = words.0 << 8 | UInt64(byte)
            } else {
                words.1 = words.1 << 8 | UInt64(byte)
            }
        }
        self.init(validatingHigh: words.0, low: words.1)
    }

    /// Reads the text form; nil unless it is a UUIDv7 in lower-case hyphenated form.
    public init?(_ text: some StringProtocol) {
        var words: (UInt64, UInt64) = (0, 0)
        var digitCount = 0
        var position = 0
        for character in text.utf8 {
            defer { position += 1 }
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard digitCount < 32, let nibble = Self.nibble(character) else { return nil }
            if digitCount < 16 {
                words.0 = words.0 << 4 | nibble
            } else {
                words.1 = words.1 << 4 | nibble
            }
            digitCount += 1
        }
        guard position == 36 else { return nil }
        self.init(validatingHigh: words.0, low: words.1)
    }

    /// The binary form, 16 octets in network order.
    public var bytes: [UInt8] {
        (0..<16).map { index in
            let word = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - index % 8 * 8))
        }
    }

    /// When the ID was made, in milliseconds since 1970 (UTC).
    public var milliseconds: UInt64 { high >> 16 }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    private init?(validatingHigh high: UInt64, low: UInt64) {
        guard high >> 12 & 0xf == 7, low >> 62 == 2 else { return nil }
        self.init(high: high, low: low)
    }

    /// The value of one lower-case hexadecimal digit.
    private static func nibble(_ character: UInt8) -> UInt64? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(character - UInt8(ascii: "a") + 10)
        default: nil
        }
    }
}

extension PackID: Comparable {
    /// Orders by the binary form, which is the order of time.
    public static func < (left: PackID, right: PackID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension PackID: CustomStringConvertible {
    /// The text form: lower-case hexadecimal in groups of 8, 4, 4, 4 and 12 digits.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 {
                text.append(UInt8(ascii: "-"))
            }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 0xf)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
