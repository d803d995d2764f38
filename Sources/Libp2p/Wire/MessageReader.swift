// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// Reads messages that have a varint length before them from a stream.
///
/// Bytes that arrived behind a message are kept for the next one, so a stream has one reader for
/// its whole life. Memory: at most `maximumByteCount` and one read more; it is taken as the bytes
/// arrive, not when a length is announced.
public struct MessageReader: Sendable {
    /// How much is asked of the stream at once while no large message is on its way.
    private static let readByteCount = 64 << 10

    private let stream: any PeerStream
    private let maximumByteCount: Int
    /// What was read and not used yet.
    private var surplus: ArraySlice<UInt8> = []
    /// How long the message that is arriving will be; nil between messages.
    private var expectedByteCount: Int?
    /// What of it is here.
    private var message: [UInt8] = []

    /// Reads messages of up to `maximumByteCount` bytes from `stream`.
    public init(_ stream: any PeerStream, maximumByteCount: Int) {
        self.stream = stream
        self.maximumByteCount = maximumByteCount
    }

    /// Waits for the next message; nil once the peer has closed its half between messages.
    ///
    /// - Throws: ``PeerStreamError``, with `malformed` for a message that is too long or cut short,
    ///   after which the stream is of no more use; `CancellationError`, after which the next call
    ///   goes on where this one was.
    public mutating func next() async throws -> [UInt8]? {
        while expectedByteCount == nil {
            if try readLength() { break }
            guard try await fill(Self.readByteCount) else {
                guard surplus.isEmpty else {
                    throw PeerStreamError.malformed("the stream ends inside a length")
                }
                return nil
            }
        }
        let expected = expectedByteCount ?? 0
        while true {
            let taken = min(expected - message.count, surplus.count)
            message.append(contentsOf: surplus.prefix(taken))
            surplus = surplus.dropFirst(taken)
            if message.count == expected { break }
            guard try await fill(max(expected - message.count, Self.readByteCount)) else {
                throw PeerStreamError.malformed("the stream ends inside a message")
            }
        }
        defer {
            message = []
            expectedByteCount = nil
        }
        return message
    }

    /// Takes the length from the surplus; false if it is not all there.
    private mutating func readLength() throws(PeerStreamError) -> Bool {
        guard !surplus.isEmpty else { return false }
        let head = Array(surplus.prefix(Varint.maximumByteCount + 1))
        var cursor = 0
        let length: UInt64
        do { length = try Varint.read(from: head.span, at: &cursor) } catch {
            if case .truncated = error { return false }
            throw .malformed("length of a message: \(error)")
        }
        guard length <= UInt64(maximumByteCount) else {
            throw .malformed("a message of \(length) bytes is over \(maximumByteCount)")
        }
        surplus = surplus.dropFirst(cursor)
        expectedByteCount = Int(length)
        return true
    }

    /// Waits for more bytes; false at the end of the stream.
    private mutating func fill(_ byteCount: Int) async throws -> Bool {
        guard let more = try await stream.read(atMost: byteCount) else { return false }
        if surplus.isEmpty { surplus = more[...] } else { surplus += more }
        return true
    }
}

extension PeerStream {
    /// Sends `bytes` as one message, its length before it as a varint.
    ///
    /// - Throws: as ``PeerStream/write(_:)``.
    public func writeMessage(_ bytes: [UInt8]) async throws {
        var message: [UInt8] = []
        message.reserveCapacity(bytes.count + Varint.maximumByteCount)
        Varint.append(UInt64(bytes.count), to: &message)
        message.append(contentsOf: bytes)
        try await write(message)
    }
}
