// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Crypto
import Synchronization

/// ChaCha20-Poly1305 with one key, from one piece of memory to another without a copy between.
///
/// It is OpenSSL's, see decision 0019.
/// Spec: RFC 8439.
final class ChaCha20Poly1305: Sendable {
    /// What is never the same for two messages under a key.
    typealias Nonce = InlineArray<12, UInt8>

    /// Bytes that sealing adds.
    static let tagByteCount = 16

    private let context: Mutex<CipherContext>

    init(key: SymmetricKey) {
        precondition(key.bitCount == 256, "a key of \(key.bitCount) bits")
        context = Mutex(CipherContext(key: key))
    }

    /// Appends ciphertext and tag of `plaintext` to `output`, which has room for them.
    func seal(
        _ plaintext: RawSpan, nonce: Nonce, authenticating data: [UInt8],
        to output: inout OutputRawSpan
    ) {
        let byteCount = plaintext.byteCount
        precondition(output.freeCapacity >= byteCount + Self.tagByteCount, "no room for a tag")
        let isSealed = output.withUnsafeMutableBytes { bytes, count in
            let start = bytes.baseAddress.map { $0 + count }
            count += byteCount + Self.tagByteCount
            return context.withLock { context in
                context.begin(nonce, isSealing: true, authenticating: data)
                    && context.update(plaintext, to: start)
                    && context.finish()
                    && context.writeTag(to: start.map { $0 + byteCount })
            }
        }
        precondition(isSealed, "OpenSSL cannot seal \(byteCount) bytes")
    }

    /// Appends the plaintext of ciphertext and tag to `output`, which has room for it; false, and
    /// nothing is appended, if they are not of this key, nonce and data.
    func open(
        _ sealed: RawSpan, nonce: Nonce, authenticating data: [UInt8],
        to output: inout OutputRawSpan
    ) -> Bool {
        let byteCount = sealed.byteCount - Self.tagByteCount
        precondition(byteCount >= 0 && output.freeCapacity >= byteCount, "no room for it")
        return output.withUnsafeMutableBytes { bytes, count in
            let start = bytes.baseAddress.map { $0 + count }
            let isGenuine = context.withLock { context in
                context.begin(nonce, isSealing: false, authenticating: data)
                    && context.expect(tag: sealed.extracting(last: Self.tagByteCount))
                    && context.update(sealed.extracting(first: byteCount), to: start)
                    && context.finish()
            }
            if isGenuine { count += byteCount }
            return isGenuine
        }
    }
}

/// OpenSSL's state of a cipher; each function says whether it worked.
// Sendable: a lock owns it.
private struct CipherContext: ~Copyable, @unchecked Sendable {
    /// From a library context of its own, which no configuration of the system reaches.
    // Sendable: OpenSSL does not change an algorithm once it is fetched.
    nonisolated(unsafe) private static let algorithm: OpaquePointer = {
        // Else the first cipher reads openssl.cnf, and an engine named there could take over.
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_LOAD_CONFIG), nil)
        guard let library = OSSL_LIB_CTX_new(),
            let algorithm = EVP_CIPHER_fetch(library, "ChaCha20-Poly1305", nil)
        else { preconditionFailure("OpenSSL has no ChaCha20-Poly1305") }
        return algorithm
    }()

    private let pointer: OpaquePointer

    init(key: SymmetricKey) {
        guard let pointer = EVP_CIPHER_CTX_new() else {
            preconditionFailure("OpenSSL has no memory for a cipher")
        }
        let isSet = key.withUnsafeBytes {
            EVP_CipherInit_ex2(pointer, Self.algorithm, Self.bytes($0), nil, 1, nil)
        }
        precondition(isSet == 1, "OpenSSL takes no key")
        self.pointer = pointer
    }

    /// Overwrites the key.
    deinit { EVP_CIPHER_CTX_free(pointer) }

    func begin(
        _ nonce: ChaCha20Poly1305.Nonce, isSealing: Bool, authenticating data: [UInt8]
    ) -> Bool {
        let hasBegun = nonce.span.bytes.withUnsafeBytes {
            EVP_CipherInit_ex2(pointer, nil, nil, Self.bytes($0), isSealing ? 1 : 0, nil)
        }
        return hasBegun == 1 && (data.isEmpty || update(data.span.bytes, to: nil))
    }

    /// Takes what is to be sealed or opened, or without `output` what is authenticated only.
    func update(_ input: RawSpan, to output: UnsafeMutableRawPointer?) -> Bool {
        input.withUnsafeBytes { input in
            var written: Int32 = 0
            return EVP_CipherUpdate(
                pointer, output?.assumingMemoryBound(to: UInt8.self), &written,
                Self.bytes(input), Int32(input.count)) == 1
        }
    }

    /// Makes the tag, or compares it.
    func finish() -> Bool {
        var nothing: UInt8 = 0
        var written: Int32 = 0
        return EVP_CipherFinal_ex(pointer, &nothing, &written) == 1
    }

    func writeTag(to output: UnsafeMutableRawPointer?) -> Bool {
        EVP_CIPHER_CTX_ctrl(
            pointer, EVP_CTRL_AEAD_GET_TAG, Int32(ChaCha20Poly1305.tagByteCount), output) == 1
    }

    /// Says which tag is to come out.
    func expect(tag: RawSpan) -> Bool {
        tag.withUnsafeBytes { tag in
            // It is only read.
            EVP_CIPHER_CTX_ctrl(
                pointer, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count),
                UnsafeMutableRawPointer(mutating: tag.baseAddress)) == 1
        }
    }

    private static func bytes(_ buffer: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
        buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    }
}
