// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Testing

@Suite struct MessageReaderTests {
    static func all(_ pieces: [[UInt8]], atMost limit: Int) async throws -> [[UInt8]] {
        var reader = MessageReader(ScriptedStream(pieces), maximumByteCount: limit)
        var messages: [[UInt8]] = []
        while let message = try await reader.next() { messages.append(message) }
        return messages
    }

    @Test(arguments: [1, 2, 3, 100, 65_536, 1_000_000])
    func `messages come back, in pieces of any size`(_ pieceByteCount: Int) async throws {
        let messages = [[], [1], [UInt8](repeating: 2, count: 200_000), [], [3, 4]]
        let stream = ScriptedStream([])
        for message in messages { try await stream.writeMessage(message) }
        let read = try await Self.all(stream.written.pieces(of: pieceByteCount), atMost: 200_000)
        #expect(read == messages)
    }

    @Test(arguments: [
        ([0x80], "the stream ends inside a length"), ([2, 1], "the stream ends inside a message"),
        ([5, 1, 2, 3, 4, 5], "a message of 5 bytes is over 4"),
        ([0x80, 0x00], "length of a message: the varint at byte 0 is not minimal"),
        (
            [UInt8](repeating: 0xff, count: 10),
            "length of a message: the varint at byte 0 is longer than nine bytes"
        ),
        ([0xff, 0xff, 0xff, 0xff, 0x0f], "a message of 4294967295 bytes is over 4"),
    ])
    func `what is no message within the limit is refused`(_ bytes: [UInt8], _ why: String) async {
        for pieceByteCount in [1, 100] {
            await #expect(throws: PeerStreamError.malformed(why)) {
                try await Self.all(bytes.pieces(of: pieceByteCount), atMost: 4)
            }
        }
    }
}
