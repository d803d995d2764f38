// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// Reads the messages of a stream, one after the other.
///
/// As `MessageReader` does, but a message waits for memory after its length is known, and is
/// watched from then on.
struct MessageInput {
    /// Bytes asked of the stream while no length is known: most messages of wants are shorter.
    private static let readByteCount = 16 << 10

    private let stream: any PeerStream
    private let watch: StreamWatch
    private var surplus: ArraySlice<UInt8> = []

    init(_ stream: any PeerStream, watch: StreamWatch) {
        self.stream = stream
        self.watch = watch
    }

    /// Waits for the length of the next message; nil once the peer has closed its half.
    ///
    /// - Throws: ``BitswapError`` with `tooLong`, `truncated` or `malformed`; `PeerStreamError`.
    mutating func nextLength() async throws -> Int? {
        while true {
            if !surplus.isEmpty {
                // No longer than a varint of a length that is not too long.
                let head = Array(surplus.prefix(Varint.maximumByteCount))
                var cursor = 0
                do {
                    let length = try Varint.read(from: head.span, at: &cursor)
                    guard length <= UInt64(BitswapMessage.byteLimit) else {
                        throw BitswapError.tooLong(byteCount: length)
                    }
                    surplus = surplus.dropFirst(cursor)
                    return Int(length)
                } catch let error as VarintError {
                    guard case .truncated = error else {
                        throw BitswapError.malformed("length: \(error)")
                    }
                }
            }
            guard let more = try await stream.read(atMost: Self.readByteCount) else {
                if surplus.isEmpty { return nil }
                throw BitswapError.truncated
            }
            if surplus.isEmpty { surplus = more[...] } else { surplus += more }
        }
    }

    /// Reads the message whose length is known.
    ///
    /// - Throws: ``BitswapError``; `PeerStreamError`, with `reset` if it takes too long.
    mutating func message(byteCount: Int) async throws -> BitswapMessage {
        let id = watch.begin(stream, byteCount: byteCount)
        defer { watch.end(id) }
        if surplus.count >= byteCount {
            defer { surplus = surplus.dropFirst(byteCount) }
            return try BitswapMessage(decoding: surplus.prefix(byteCount))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(byteCount, 256 << 10))
        bytes += surplus
        surplus = []
        while bytes.count < byteCount {
            guard let more = try await stream.read(atMost: byteCount - bytes.count) else {
                throw BitswapError.truncated
            }
            bytes += more
        }
        return try BitswapMessage(decoding: bytes[...])
    }
}
