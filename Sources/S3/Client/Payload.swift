// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore

/// The body of a request with the digests that go with it.
struct Payload: Sendable {
    let buffer: ByteBuffer
    /// Signed, and sent as a checksum.
    let sha256: [UInt8]
    /// Sent as `Content-MD5`, the one check that every server makes; no defence against forgers.
    let md5: [UInt8]

    /// No body.
    static let empty = Payload(ByteBuffer())

    /// A body with digests that are taken as they are.
    init(buffer: ByteBuffer, sha256: [UInt8], md5: [UInt8]) {
        self.buffer = buffer
        self.sha256 = sha256
        self.md5 = md5
    }

    /// Digests the readable bytes of `buffer`.
    init(_ buffer: ByteBuffer) {
        var (sha256, md5) = (SHA256(), Insecure.MD5())
        unsafe buffer.withUnsafeReadableBytes { bytes in
            unsafe sha256.update(bufferPointer: bytes)
            unsafe md5.update(bufferPointer: bytes)
        }
        self.buffer = buffer
        self.sha256 = Array(sha256.finalize())
        self.md5 = Array(md5.finalize())
    }

    var byteCount: Int { buffer.readableBytes }
    var isEmpty: Bool { byteCount == 0 }
}
