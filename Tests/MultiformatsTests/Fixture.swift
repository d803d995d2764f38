// SPDX-License-Identifier: Apache-2.0

import Foundation
import Multiformats
import TestSupport

/// Reads the tables under `Fixtures/multiformats`.
enum Fixture {
    /// The rows of a table: lines split at spaces, without comments and empty lines.
    static func rows(_ name: String) -> [[String]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let url = root.appending(path: "Fixtures/multiformats/\(name)")
        guard let text = try? String(contentsOf: url, encoding: .utf8) else {
            preconditionFailure("no fixture \(name)")  // the test run cannot mean anything
        }
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// A message of the digest table: byte i is i mod 251.
    static func message(byteCount: Int) -> [UInt8] { (0..<byteCount).map { UInt8($0 % 251) } }

    /// The bytes of hexadecimal text, which must be right.
    static func bytes(hex: some StringProtocol) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in hex {
            guard let value = digit.hexDigitValue.map(UInt8.init) else {
                preconditionFailure("bad hexadecimal \(hex)")
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        precondition(high == nil, "odd hexadecimal \(hex)")
        return bytes
    }

    /// Lowercase hexadecimal text.
    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension SeededGenerator {
    /// `byteCount` random bytes.
    mutating func bytes(_ byteCount: Int) -> [UInt8] {
        (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
