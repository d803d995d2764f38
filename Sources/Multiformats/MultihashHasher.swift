// SPDX-License-Identifier: Apache-2.0

/// Hashes bytes that come in pieces and gives their multihash.
///
/// A hasher serves one message. Making one costs at most two allocations; an update costs none,
/// except that BLAKE3's stack grows with the logarithm of the length.
public struct MultihashHasher: Sendable {
    /// The function that hashes.
    public let function: HashFunction

    private var digester: Digester

    /// Makes a hasher that has seen no bytes.
    public init(_ function: HashFunction) {
        self.function = function
        self.digester = Digester(function)
    }

    /// Hashes the next bytes of the message.
    public mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { buffer in
            // The buffer is read within this call only.
            unsafe digester.update(buffer)
        }
    }

    /// Hashes the next bytes of the message, which are read during the call only.
    @unsafe public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe digester.update(bytes)
    }

    /// The multihash of all bytes; the hasher must not be used afterwards.
    ///
    /// - Throws: ``HashingError`` if the function is identity and the message too long for it.
    public mutating func finalize() throws(HashingError) -> Multihash {
        Multihash(code: function.code, digest: try finalizeDigest())
    }

    /// The digest of all bytes, without prefix; the hasher must not be used afterwards.
    ///
    /// - Throws: ``HashingError`` if the function is identity and the message too long for it.
    public mutating func finalizeDigest() throws(HashingError) -> [UInt8] {
        var digest: [UInt8] = []
        try digester.appendDigest(to: &digest)
        return digest
    }

    /// Appends the binary multihash of all bytes to `output`.
    mutating func appendMultihash(to output: inout [UInt8]) throws(HashingError) {
        let byteCount = function.digestByteCount ?? digester.identityByteCount
        Varint.append(function.code.rawValue, to: &output)
        Varint.append(UInt64(byteCount), to: &output)
        try digester.appendDigest(to: &output)
    }
}
