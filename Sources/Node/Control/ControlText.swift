// SPDX-License-Identifier: Apache-2.0

import Foundation

/// JSON lines of the control socket.
enum ControlText {
    /// `value` on one line, with the line's end.
    static func line(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// Decodes a line.
    static func value<Value: Decodable>(
        _ type: Value.Type, from line: ArraySlice<UInt8>
    ) throws -> Value {
        try JSONDecoder().decode(type, from: Data(line))
    }
}
