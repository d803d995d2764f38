// SPDX-License-Identifier: Apache-2.0

/// What libp2p sends in Noise's second and third message: who this is, and which muxers it speaks.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/noise/README.md#the-libp2p-handshake-payload>.
struct NoisePayload: Hashable, Sendable {
    /// More muxers in one list than this, and the list is ignored; go-libp2p's limit.
    static let maximumMuxerCount = 100

    /// The identity key, as protobuf.
    var identityKey: [UInt8]
    /// The identity key's signature of ``signedBytes(of:)``.
    var signature: [UInt8]
    /// Muxers by preference; empty when the peer sent none, or too many.
    var muxers: [ProtocolID]

    init(identityKey: [UInt8], signature: [UInt8], muxers: [ProtocolID]) {
        self.identityKey = identityKey
        self.signature = signature
        self.muxers = muxers
    }

    init(protobuf: [UInt8]) throws(ProtobufError) {
        var identityKey: ArraySlice<UInt8>?
        var signature: ArraySlice<UInt8>?
        muxers = []
        var reader = ProtobufReader(protobuf)
        while let (field, type) = try reader.next() {
            switch field {
            case 1: identityKey = try reader.bytes(atMost: KeyMessage.maximumByteCount)
            case 2: signature = try reader.bytes(atMost: KeyMessage.maximumByteCount)
            case 4: muxers = try Self.muxers(try reader.bytes())
            default: try reader.skip(type)
            }
        }
        guard let identityKey else { throw .missing(field: 1) }
        guard let signature else { throw .missing(field: 2) }
        self.identityKey = Array(identityKey)
        self.signature = Array(signature)
    }

    var protobuf: [UInt8] {
        var writer = ProtobufWriter(reserving: identityKey.count + signature.count + 64)
        writer.bytes(1, identityKey)
        writer.bytes(2, signature)
        if !muxers.isEmpty {
            writer.message(4) { extensions in
                for muxer in muxers { extensions.string(2, muxer.description) }
            }
        }
        return writer.bytes
    }

    /// What the identity key signs for a static key of Noise.
    static func signedBytes(of staticKey: some Collection<UInt8>) -> [UInt8] {
        Array("noise-libp2p-static-key:".utf8) + staticKey
    }

    private static func muxers(
        _ extensions: ArraySlice<UInt8>
    ) throws(ProtobufError) -> [ProtocolID] {
        var muxers: [ProtocolID] = []
        var count = 0
        var reader = ProtobufReader(extensions)
        while let (field, type) = try reader.next() {
            guard field == 2 else {
                try reader.skip(type)
                continue
            }
            count += 1
            let muxer = try reader.string()
            if count <= maximumMuxerCount { muxers.append(ProtocolID(muxer)) }
        }
        return count <= maximumMuxerCount ? muxers : []
    }
}
