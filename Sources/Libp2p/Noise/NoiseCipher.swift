// SPDX-License-Identifier: Apache-2.0

import Crypto

/// One direction of ChaCha20-Poly1305 with a counter as nonce: Noise's CipherState with a key.
struct NoiseCipher: Sendable {
    /// Bytes that sealing adds.
    static let tagByteCount = 16
    private static let nonceByteCount = 12

    private let key: SymmetricKey
    private var counter: UInt64 = 0
    /// Nonce, ciphertext and tag in a row, as the library wants them; kept for its memory.
    private var scratch: [UInt8] = []

    init(key: SymmetricKey) { self.key = key }

    /// Appends ciphertext and tag of `plaintext` to `output`.
    ///
    /// - Complexity: O(plaintext); the library allocates twice.
    mutating func seal(
        _ plaintext: ArraySlice<UInt8>, authenticating data: [UInt8] = [],
        to output: inout [UInt8]
    ) throws(NoiseError) {
        let nonce = try nextNonce()
        do {
            let box = try ChaChaPoly.seal(
                plaintext, using: key, nonce: ChaChaPoly.Nonce(data: nonce),
                authenticating: data)
            output.append(contentsOf: box.combined.dropFirst(Self.nonceByteCount))
        } catch {
            preconditionFailure("ChaCha20-Poly1305 cannot seal: \(error)")
        }
    }

    /// Appends the plaintext of ciphertext and tag to `output`; false if they are not of this key,
    /// counter and data.
    ///
    /// `sealed` is at least as long as a tag.
    ///
    /// - Complexity: O(sealed); the library allocates twice.
    mutating func open(
        _ sealed: ArraySlice<UInt8>, authenticating data: [UInt8] = [],
        to output: inout [UInt8]
    ) throws(NoiseError) -> Bool {
        scratch.removeAll(keepingCapacity: true)
        scratch += try nextNonce()
        scratch += sealed
        do {
            let box = try ChaChaPoly.SealedBox(combined: scratch)
            output.append(
                contentsOf: try ChaChaPoly.open(box, using: key, authenticating: data))
            return true
        } catch { return false }
    }

    /// Four zero bytes and the counter, least significant byte first.
    private mutating func nextNonce() throws(NoiseError) -> [UInt8] {
        // The last value is reserved by the specification.
        guard counter < .max else { throw .exhausted }
        defer { counter += 1 }
        return [0, 0, 0, 0]
            + stride(from: UInt64(0), to: 64, by: 8).map {
                UInt8(truncatingIfNeeded: counter >> $0)
            }
    }
}
