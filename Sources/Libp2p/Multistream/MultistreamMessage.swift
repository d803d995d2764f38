// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// The messages of multistream-select 1.0: a varint length, UTF-8 text, a newline that counts.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/connections/README.md>.
enum MultistreamMessage {
    /// The longest message that is sent or accepted, with its newline; go-multistream's limit.
    static let maximumByteCount = 1024

    /// What both sides send first.
    static let header = "/multistream/1.0.0"

    /// What refuses a proposal.
    static let refusal = "na"

    /// Appends a message to `output`.
    static func append(_ text: String, to output: inout [UInt8]) {
        let text = text.utf8
        precondition(text.count < maximumByteCount, "a protocol ID of \(text.count) bytes")
        Varint.append(UInt64(text.count + 1), to: &output)
        output.append(contentsOf: text)
        output.append(UInt8(ascii: "\n"))
    }
}

/// Takes messages out of bytes that arrive in pieces.
///
/// Holds one piece and less than one message.
struct MultistreamBuffer: Sendable {
    private var bytes: [UInt8] = []
    private var cursor = 0
    /// Where `bytes` starts in all that was received.
    private var start = 0

    /// Adds what arrived.
    mutating func append(_ more: [UInt8]) {
        start += cursor
        bytes.removeSubrange(..<cursor)
        cursor = 0
        bytes.append(contentsOf: more)
    }

    /// What follows the messages that were taken.
    var surplus: [UInt8] { Array(bytes[cursor...]) }

    /// The next message without its newline; nil if it is not all there.
    mutating func next() throws(MultistreamError) -> String? {
        guard cursor < bytes.count else { return nil }
        let offset = start + cursor
        // A length of three bytes is over the limit already.
        let head = Array(bytes[cursor...].prefix(3))
        var headByteCount = 0
        let length: UInt64
        do { length = try Varint.read(from: head.span, at: &headByteCount) } catch {
            if case .truncated = error, head.count < 3 { return nil }
            throw .length(offset: offset)
        }
        guard 1...UInt64(MultistreamMessage.maximumByteCount) ~= length else {
            throw .length(offset: offset)
        }
        let end = cursor + headByteCount + Int(length)
        guard end <= bytes.count else { return nil }
        let text = bytes[cursor + headByteCount..<end - 1]
        guard bytes[end - 1] == UInt8(ascii: "\n"),
            let message = String(validating: text, as: UTF8.self)
        else { throw .text(offset: offset) }
        cursor = end
        return message
    }
}

/// Why a negotiation failed; offsets count from the first byte that the peer sent.
public enum MultistreamError: Error, Hashable, Sendable {
    /// The message at `offset` has no valid length, or one over 1024 bytes.
    case length(offset: Int)
    /// The message at `offset` does not end in a newline, or is no UTF-8.
    case text(offset: Int)
    /// The peer's first message is not that of multistream-select 1.0.
    case header
    /// The peer answered with neither the proposed protocol nor a refusal.
    case answer
    /// The peer refused every proposal.
    case refused
    /// The peer proposed more than ``MultistreamResponder/maximumProposalCount`` protocols.
    case tooManyProposals
}

extension MultistreamError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .length(let offset): "the message at byte \(offset) has a wrong length"
        case .text(let offset): "the message at byte \(offset) is no line of text"
        case .header: "the peer does not speak multistream-select 1.0"
        case .answer: "the peer answered with a protocol that was not proposed"
        case .refused: "the peer speaks none of the protocols"
        case .tooManyProposals: "the peer proposed too many protocols"
        }
    }
}
