// SPDX-License-Identifier: Apache-2.0

public import Multiformats

extension PeerID {
    /// The public key, if the ID holds it whole and it is one.
    public var publicKey: PublicKey? {
        guard multihash.isIdentity else { return nil }
        // An ID of bytes that are no key is an ID still; it just belongs to nobody.
        return try? PublicKey(protobuf: Array(multihash.digest))
    }
}
