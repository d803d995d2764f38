// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// One message of Bitswap, whatever its version.
///
/// Spec: <https://specs.ipfs.tech/bitswap-protocol/>.
public struct BitswapMessage: Hashable, Sendable {
    /// The longest message that is read, in bytes without the length before it: what go-bitswap
    /// reads.
    public static let byteLimit = 4 << 20
    /// The longest message that is sent if it holds more than one block, in bytes.
    public static let sentByteLimit = 2 << 20
    /// The longest CID in a want that counts, in bytes: boxo's limit; longer ones are ignored.
    public static let wantedCIDByteLimit = 168
    /// Wants of one message that count; further ones are ignored.
    ///
    /// An entry of 8 bytes takes 150 in memory. Peers keep to 1,024 wants.
    public static let wantLimit = 8_192
    /// Presences, and blocks, of one message that count; further ones are ignored.
    public static let answerLimit = 16_384

    /// An entry of a wantlist.
    public struct Want: Hashable, Sendable {
        /// What is asked for.
        public enum Kind: Hashable, Sendable {
            /// The block.
            case block
            /// Whether the peer has it.
            case have
        }

        /// What names the block.
        public var cid: CID
        /// The most urgent is the highest.
        public var priority: Int32
        /// What is asked for.
        public var kind: Kind
        /// Whether an earlier entry for the CID is taken back.
        public var isCancel: Bool
        /// Whether the peer is to say so if it does not have the block.
        public var sendDontHave: Bool

        /// Describes an entry.
        public init(
            _ cid: CID, priority: Int32 = 1, kind: Kind = .block, isCancel: Bool = false,
            sendDontHave: Bool = false
        ) {
            self.cid = cid
            self.priority = priority
            self.kind = kind
            self.isCancel = isCancel
            self.sendDontHave = sendDontHave
        }
    }

    /// A block on its way, with all of its CID but the digest.
    public struct Payload: Hashable, Sendable {
        /// Version, codec and hash function.
        public var prefix: CID.Prefix
        /// The bytes.
        public var bytes: [UInt8]

        /// Pairs both.
        public init(prefix: CID.Prefix, bytes: [UInt8]) {
            self.prefix = prefix
            self.bytes = bytes
        }
    }

    /// Whether the sender has a block.
    public struct Presence: Hashable, Sendable {
        /// What names the block.
        public var cid: CID
        /// HAVE, or DONT_HAVE.
        public var isHave: Bool

        /// Pairs both.
        public init(_ cid: CID, isHave: Bool) {
            self.cid = cid
            self.isHave = isHave
        }
    }

    /// The sender's wants: all of them if ``isFull``, else changes.
    public var wants: [Want]
    /// Whether ``wants`` replaces everything wanted before.
    public var isFull: Bool
    /// Blocks.
    public var payloads: [Payload]
    /// What the sender has and has not.
    public var presences: [Presence]
    /// The bytes that the sender says it has queued for the receiver; a negative count is read as 0.
    ///
    /// Advice, never a size to allocate.
    public var pendingByteCount: Int32

    /// A message of these parts.
    public init(
        wants: [Want] = [], isFull: Bool = false, payloads: [Payload] = [],
        presences: [Presence] = [], pendingByteCount: Int32 = 0
    ) {
        self.wants = wants
        self.isFull = isFull
        self.payloads = payloads
        self.presences = presences
        self.pendingByteCount = pendingByteCount
    }

    /// Whether the message says nothing.
    public var isEmpty: Bool {
        wants.isEmpty && !isFull && payloads.isEmpty && presences.isEmpty
    }
}

extension BitswapMessage.Payload {
    /// The CID of the bytes, as the prefix has them hashed.
    ///
    /// - Throws: ``BitswapError`` with `cannotHash` if the function is unknown, or the digest of
    ///   another length than the function gives.
    /// - Complexity: O(bytes).
    public func cid() throws(BitswapError) -> CID {
        guard let function = HashFunction(code: prefix.hashCode), function != .identity,
            function.digestByteCount == prefix.digestByteCount
        else { throw .cannotHash(prefix.hashCode, digestByteCount: prefix.digestByteCount) }
        let multihash: Multihash
        do { multihash = try function.multihash(of: bytes.span) } catch {
            throw .cannotHash(prefix.hashCode, digestByteCount: prefix.digestByteCount)
        }
        if prefix.version == .v0, let cid = CID(v0: multihash) { return cid }
        return CID(v1: prefix.codec, multihash)
    }
}

/// Why bytes are no message, or a block cannot be used.
public enum BitswapError: Error, Hashable, Sendable {
    /// The message is no protobuf, or a field has the wrong type; `what` says more.
    case malformed(String)
    /// A CID in the message cannot be read.
    case cid(CIDError)
    /// A block's hash function is unknown, or its digest is cut.
    case cannotHash(Multicodec, digestByteCount: Int)
    /// The message's length passes ``BitswapMessage/byteLimit``.
    case tooLong(byteCount: UInt64)
    /// The stream ended within a message.
    case truncated
}
