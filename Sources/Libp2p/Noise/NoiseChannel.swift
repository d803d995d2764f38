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

    /// How long the frames are that carry `plaintextByteCount` bytes, in as few as it takes.
    public static func sealedByteCount(of plaintextByteCount: Int) -> Int {
        let frameCount =
            (plaintextByteCount + maximumPlaintextByteCount - 1)
            / maximumPlaintextByteCount
        return plaintextByteCount + frameCount * (2 + NoiseCipher.tagByteCount)
    }

    /// Appends the frames that carry `plaintext` to `output`, which has room for them; none for no
    /// bytes.
    ///
    /// - Throws: ``NoiseError`` with `exhausted`, after 2^64 frames.
    /// - Complexity: O(plaintext): one pass of the cipher, and no copy.
    public mutating func seal(
        _ plaintext: RawSpan, to output: inout OutputRawSpan
    ) throws(NoiseError) {
        var rest = plaintext
        while !rest.isEmpty {
            let piece = rest.extracting(first: Self.maximumPlaintextByteCount)
            output.append(
                UInt16(piece.byteCount + NoiseCipher.tagByteCount).bigEndian, as: UInt16.self)
            try sending.seal(piece, to: &output)
            rest = rest.extracting(droppingFirst: piece.byteCount)
        }
    }

    /// The plaintext of all frames that are whole with `bytes`, which may come in any pieces.
    ///
    /// What arrived behind the handshake is opened by the first call; call once with no bytes.
    /// - Throws: ``NoiseError`` with `decryption`; what came before the bad frame is lost then.
    /// - Complexity: O(bytes): one pass of the cipher, and a copy of frames that come in pieces.
    public mutating func open(_ bytes: RawSpan) throws(NoiseError) -> [UInt8] {
        var plaintext: [UInt8] = []
        try plaintext.append(atMost: partial.count + bytes.byteCount) { output throws(NoiseError) in
            var rest = bytes
            while !partial.isEmpty, let missing = missingByteCount {
                guard missing > 0 else {
                    let frame = partial
                    partial.removeAll(keepingCapacity: true)
                    try openFrames(frame.span.bytes, to: &output)
                    continue
                }
                guard !rest.isEmpty else { return }
                keep(rest.extracting(first: missing))
                rest = rest.extracting(droppingFirst: missing)
            }
            try openFrames(rest, to: &output)
        }
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
        _ bytes: RawSpan, to output: inout OutputRawSpan
    ) throws(NoiseError) {
        var rest = bytes
        while rest.byteCount >= 2 {
            let byteCount = Int(
                UInt16(bigEndian: rest.unsafeLoadUnaligned(as: UInt16.self)))
            let frame = rest.extracting(droppingFirst: 2)
            guard frame.byteCount >= byteCount else { break }
            guard byteCount >= NoiseCipher.tagByteCount,
                try receiving.open(frame.extracting(first: byteCount), to: &output)
            else { throw .decryption(offset: receivedByteCount) }
            receivedByteCount += 2 + byteCount
            rest = frame.extracting(droppingFirst: byteCount)
        }
        keep(rest)
    }

    private mutating func keep(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { partial.append(contentsOf: $0) }
    }
}

// The same for arrays, for what is short.
extension NoiseChannel {
    /// The frames that carry `plaintext`.
    ///
    /// - Throws: ``NoiseError`` with `exhausted`, after 2^64 frames.
    public mutating func seal(_ plaintext: [UInt8]) throws(NoiseError) -> [UInt8] {
        var frames: [UInt8] = []
        let byteCount = Self.sealedByteCount(of: plaintext.count)
        try frames.append(atMost: byteCount) { output throws(NoiseError) in
            try seal(plaintext.span.bytes, to: &output)
        }
        return frames
    }

    /// The plaintext of all frames that are whole with `bytes`.
    ///
    /// - Throws: ``NoiseError`` with `decryption`; what came before the bad frame is lost then.
    public mutating func open(_ bytes: [UInt8]) throws(NoiseError) -> [UInt8] {
        try open(bytes.span.bytes)
    }
}
