// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// An encrypted channel after its handshake: plaintext to frames, and back.
///
/// The two directions do not touch each other. Memory: less than one frame of 64 KiB that has not
/// arrived whole, and one more as scratch.
public struct NoiseChannel: Sendable {
    /// The longest plaintext in one frame: 65,535 bytes less the tag.
    public static let maximumPlaintextByteCount = 0xffff - NoiseCipher.tagByteCount

    /// Who the peer is.
    public let remoteKey: PublicKey
    /// The peer's name.
    public let remotePeer: PeerID
    /// What both sides speak at once inside the channel; nil if that is to be negotiated.
    public let muxer: ProtocolID?
    /// A name of this channel that both sides know.
    public let handshakeHash: [UInt8]

    private var sending: NoiseCipher
    private var receiving: NoiseCipher
    /// The part of a frame that has arrived.
    private var partial: [UInt8]
    /// How many bytes of messages were opened, with the handshake's, for errors.
    private var receivedByteCount: Int

    init(
        remoteKey: PublicKey, muxer: ProtocolID?, handshakeHash: [UInt8], surplus: [UInt8],
        receivedByteCount: Int, sending: NoiseCipher, receiving: NoiseCipher
    ) {
        self.remoteKey = remoteKey
        remotePeer = remoteKey.peerID
        self.muxer = muxer
        self.handshakeHash = handshakeHash
        self.sending = sending
        self.receiving = receiving
        self.receivedByteCount = receivedByteCount
        partial = surplus
    }

    /// The frames that carry `plaintext`, in as few as it takes; none for no bytes.
    ///
    /// - Throws: ``NoiseError`` with `exhausted`, after 2^64 frames.
    /// - Complexity: O(plaintext): one pass of the cipher, and three copies.
    public mutating func seal(_ plaintext: [UInt8]) throws(NoiseError) -> [UInt8] {
        let limit = Self.maximumPlaintextByteCount
        let frameCount = (plaintext.count + limit - 1) / limit
        var output: [UInt8] = []
        output.reserveCapacity(plaintext.count + frameCount * (2 + NoiseCipher.tagByteCount))
        var start = 0
        while start < plaintext.count {
            let end = min(start + limit, plaintext.count)
            let byteCount = end - start + NoiseCipher.tagByteCount
            output.append(UInt8(byteCount >> 8))
            output.append(UInt8(byteCount & 0xff))
            try sending.seal(plaintext[start..<end], to: &output)
            start = end
        }
        return output
    }

    /// The plaintext of all frames that are whole with `bytes`, which may come in any pieces.
    ///
    /// What arrived behind the handshake is opened by the first call; call once with no bytes.
    /// - Throws: ``NoiseError`` with `decryption`; what came before the bad frame is lost then.
    /// - Complexity: O(bytes): one pass of the cipher, and three copies.
    public mutating func open(_ bytes: [UInt8]) throws(NoiseError) -> [UInt8] {
        var plaintext: [UInt8] = []
        plaintext.reserveCapacity(partial.count + bytes.count)
        var rest = bytes[...]
        while !partial.isEmpty, let missing = missingByteCount {
            guard missing > 0 else {
                let frame = partial
                partial.removeAll(keepingCapacity: true)
                try openFrames(frame[...], to: &plaintext)
                continue
            }
            guard !rest.isEmpty else { return plaintext }
            partial += rest.prefix(missing)
            rest = rest.dropFirst(missing)
        }
        try openFrames(rest, to: &plaintext)
        return plaintext
    }

    /// How much of the frame in `partial` is still to come; first its length, then all of it.
    ///
    /// Zero if there is a whole frame, and maybe more.
    private var missingByteCount: Int? {
        guard let high = partial.first else { return nil }
        guard partial.count > 1 else { return 1 }
        return max(0, 2 + (Int(high) << 8 | Int(partial[1])) - partial.count)
    }

    /// Opens the whole frames in `bytes`, and keeps what is left.
    private mutating func openFrames(
        _ bytes: ArraySlice<UInt8>, to plaintext: inout [UInt8]
    ) throws(NoiseError) {
        var start = bytes.startIndex
        while bytes.endIndex - start >= 2 {
            let byteCount = Int(bytes[start]) << 8 | Int(bytes[start + 1])
            let end = start + 2 + byteCount
            guard end <= bytes.endIndex else { break }
            guard byteCount >= NoiseCipher.tagByteCount,
                try receiving.open(bytes[start + 2..<end], to: &plaintext)
            else { throw .decryption(offset: receivedByteCount) }
            receivedByteCount += 2 + byteCount
            start = end
        }
        partial += bytes[start...]
    }
}
