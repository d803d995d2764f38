// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

extension BitswapMessage {
    /// Reads a message without the length before it.
    ///
    /// Messages of every version are read alike; blocks without a prefix are those of CIDv0.
    /// Ignored are wants with a CID that is too long, and whatever passes ``wantLimit`` or
    /// ``answerLimit``.
    /// - Throws: ``BitswapError`` with `malformed` or `cid`; one CID that cannot be read spoils
    ///   the message, as in boxo.
    /// - Complexity: O(bytes), and at most some 3 MiB beside the bytes of blocks.
    public init(decoding bytes: ArraySlice<UInt8>) throws(BitswapError) {
        var decoder = BitswapDecoder()
        do throws(ProtobufError) { try decoder.read(bytes) } catch {
            throw .malformed("\(error)")
        }
        if let failure = decoder.failure { throw .cid(failure) }
        self = decoder.message
    }
}

/// Reads one message.
private struct BitswapDecoder {
    typealias Message = BitswapMessage

    var message = Message()
    /// A CID that could not be read.
    var failure: CIDError?

    mutating func read(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: try readWants(try reader.bytes())
            case 2: append(Message.Payload(prefix: .version0, bytes: Array(try reader.bytes())))
            case 3: try readPayload(try reader.bytes())
            case 4: try readPresence(try reader.bytes())
            case 5: message.pendingByteCount = max(0, try reader.int32())
            default: try reader.skip(type)
            }
        }
    }

    private mutating func readWants(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: try readWant(try reader.bytes())
            case 2: message.isFull = try reader.bool()
            default: try reader.skip(type)
            }
        }
    }

    private mutating func readWant(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        guard message.wants.count < Message.wantLimit else { return }
        var cid: ArraySlice<UInt8> = []
        var priority: Int32 = 0
        var isCancel = false
        var kind = Message.Want.Kind.block
        var sendDontHave = false
        var reader = ProtobufReader(bytes)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: cid = try reader.bytes()
            case 2: priority = try reader.int32()
            case 3: isCancel = try reader.bool()
            case 4: kind = try reader.varint() == 1 ? .have : .block
            case 5: sendDontHave = try reader.bool()
            default: try reader.skip(type)
            }
        }
        guard cid.count <= Message.wantedCIDByteLimit, let cid = parse(cid) else { return }
        message.wants.append(
            Message.Want(
                cid, priority: priority, kind: kind, isCancel: isCancel, sendDontHave: sendDontHave)
        )
    }

    private mutating func readPayload(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        var prefix: ArraySlice<UInt8> = []
        var data: ArraySlice<UInt8> = []
        var reader = ProtobufReader(bytes)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: prefix = try reader.bytes()
            case 2: data = try reader.bytes()
            default: try reader.skip(type)
            }
        }
        do {
            append(Message.Payload(prefix: try CID.Prefix(Array(prefix)), bytes: Array(data)))
        } catch { failure = error }
    }

    private mutating func readPresence(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
        var cid: ArraySlice<UInt8> = []
        var isHave = true
        var reader = ProtobufReader(bytes)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: cid = try reader.bytes()
            case 2: isHave = try reader.varint() == 0
            default: try reader.skip(type)
            }
        }
        guard message.presences.count < Message.answerLimit, let cid = parse(cid) else { return }
        message.presences.append(Message.Presence(cid, isHave: isHave))
    }

    private mutating func append(_ payload: Message.Payload) {
        if message.payloads.count < Message.answerLimit { message.payloads.append(payload) }
    }

    /// The CID; nil for one whose digest is too long to count, and for one that spoils the
    /// message.
    private mutating func parse(_ bytes: ArraySlice<UInt8>) -> CID? {
        do { return try CID(Array(bytes)) } catch {
            if case .multihash(.digestTooLong) = error { return nil }
            failure = failure ?? error
            return nil
        }
    }
}
