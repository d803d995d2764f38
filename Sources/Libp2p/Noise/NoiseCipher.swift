// SPDX-License-Identifier: Apache-2.0

import Crypto

/// One direction of ChaCha20-Poly1305 with a counter as nonce: Noise's CipherState with a key.
struct NoiseCipher: Sendable {
    /// Bytes that sealing adds.
    static let tagByteCount = ChaCha20Poly1305.tagByteCount

    private let cipher: ChaCha20Poly1305
    private var counter: UInt64 = 0

    init(key: SymmetricKey) { cipher = ChaCha20Poly1305(key: key) }

    /// Appends ciphertext and tag of `plaintext` to `output`, which has room for them.
    ///
    /// - Complexity: O(plaintext); nothing is copied or allocated.
    mutating func seal(
        _ plaintext: RawSpan, authenticating data: [UInt8] = [], to output: inout OutputRawSpan
    ) throws(NoiseError) {
        cipher.seal(plaintext, nonce: try nextNonce(), authenticating: data, to: &output)
    }

    /// Appends the plaintext of ciphertext and tag to `output`, which has room for it; false if they
    /// are not of this key, counter and data.
    ///
    /// `sealed` is at least as long as a tag.
    ///
    /// - Complexity: O(sealed); nothing is copied or allocated.
    mutating func open(
        _ sealed: RawSpan, authenticating data: [UInt8] = [], to output: inout OutputRawSpan
    ) throws(NoiseError) -> Bool {
        cipher.open(sealed, nonce: try nextNonce(), authenticating: data, to: &output)
    }

    /// Four zero bytes and the counter, least significant byte first.
    private mutating func nextNonce() throws(NoiseError) -> ChaCha20Poly1305.Nonce {
        // The last value is reserved by the specification.
        guard counter < .max else { throw .exhausted }
        defer { counter += 1 }
        return ChaCha20Poly1305.Nonce { index in
            index < 4 ? 0 : UInt8(truncatingIfNeeded: counter >> UInt64(8 * (index - 4)))
        }
    }
}
