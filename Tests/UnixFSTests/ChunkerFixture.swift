// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

/// A case of `Fixtures/chunkers/lengths.txt`; the form is described there.
struct ChunkerFixture: CustomTestStringConvertible, Sendable {
    let chunker: String
    let input: String
    let lengths: [Int]

    var testDescription: String { "\(chunker) over \(input)" }

    static let all: [ChunkerFixture] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/chunkers/lengths.txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            // An empty list fails the test that counts the cases.
            return []
        }
        return text.split(separator: "\n\n").compactMap { paragraph in
            let lines = paragraph.split(separator: "\n").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard lines.count == 3 else { return nil }
            return ChunkerFixture(chunker: lines[0], input: lines[1], lengths: runs(lines[2]))
        }
    }()

    private static func runs(_ text: String) -> [Int] {
        text.split(separator: " ").flatMap { run in
            let numbers = run.split(separator: "x").compactMap { Int($0) }
            return numbers.count == 2
                ? [Int](repeating: numbers[1], count: numbers[0]) : numbers
        }
    }

    /// The bytes that ``input`` describes.
    var bytes: [UInt8] {
        var words = input.split(separator: " ")[...]
        var bytes: [UInt8] = []
        while let kind = words.popFirst() {
            switch kind {
            case "run":
                let byte = UInt8(words.removeFirst(), radix: 16) ?? 0
                bytes += [UInt8](repeating: byte, count: Int(words.removeFirst()) ?? 0)
            case "ramp":
                for _ in 0..<(Int(words.removeFirst()) ?? 0) { bytes += 0...255 }
            default:
                let key = String(words.removeFirst())
                bytes += Keystream.bytes(keyHex: key, count: Int(words.removeFirst()) ?? 0)
            }
        }
        return bytes
    }
}

/// ChaCha20 as a source of bytes that every implementation can make again.
///
/// Spec: <https://www.rfc-editor.org/rfc/rfc8439>, nonce and first counter zero.
enum Keystream {
    /// Streams made so far: several cases share one, and making it is slow in a debug build.
    private static let made = Mutex<[String: [UInt8]]>([:])

    /// The first `count` bytes under `keyHex`.
    static func bytes(keyHex: String, count: Int) -> [UInt8] {
        made.withLock { made in
            if let bytes = made[keyHex], bytes.count >= count { return Array(bytes.prefix(count)) }
            let bytes = make(keyHex, count)
            made[keyHex] = bytes
            return bytes
        }
    }

    private static func make(_ keyHex: String, _ count: Int) -> [UInt8] {
        let digits = keyHex.compactMap(\.hexDigitValue).map(UInt32.init)
        let key = (0..<8).map { word in
            (0..<4).reduce(UInt32(0)) { sum, byte in
                let at = word * 8 + byte * 2
                return sum | (digits[at] << 4 | digits[at + 1]) << UInt32(byte * 8)
            }
        }
        let constants: [UInt32] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 64)
        var counter: UInt32 = 0
        while bytes.count < count {
            let start = constants + key + [counter, 0, 0, 0]
            var state = start
            for _ in 0..<10 {
                quarter(&state, 0, 4, 8, 12)
                quarter(&state, 1, 5, 9, 13)
                quarter(&state, 2, 6, 10, 14)
                quarter(&state, 3, 7, 11, 15)
                quarter(&state, 0, 5, 10, 15)
                quarter(&state, 1, 6, 11, 12)
                quarter(&state, 2, 7, 8, 13)
                quarter(&state, 3, 4, 9, 14)
            }
            for index in 0..<16 {
                let sum = state[index] &+ start[index]
                bytes.append(UInt8(truncatingIfNeeded: sum))
                bytes.append(UInt8(truncatingIfNeeded: sum &>> 8))
                bytes.append(UInt8(truncatingIfNeeded: sum &>> 16))
                bytes.append(UInt8(truncatingIfNeeded: sum &>> 24))
            }
            counter += 1
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    private static func quarter(
        _ state: inout [UInt32], _ a: Int, _ b: Int, _ c: Int, _ d: Int
    ) {
        var (x, y, z, w) = (state[a], state[b], state[c], state[d])
        x &+= y
        w = (w ^ x) &<< 16 | (w ^ x) &>> 16
        z &+= w
        y = (y ^ z) &<< 12 | (y ^ z) &>> 20
        x &+= y
        w = (w ^ x) &<< 8 | (w ^ x) &>> 24
        z &+= w
        y = (y ^ z) &<< 7 | (y ^ z) &>> 25
        state[a] = x
        state[b] = y
        state[c] = z
        state[d] = w
    }
}
