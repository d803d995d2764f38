// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Why a DAG cannot be built from what was given.
public enum UnixFSBuildError: Error, Hashable, Sendable {
    /// The link limit is too small: a balanced file needs two, a trickle file one.
    case maxLinksTooSmall(Int)
    /// The fanout is no power of two in 8...1024.
    case invalidFanout(Int)
    /// The name is empty, `.`, `..`, or holds a slash or a zero byte.
    case invalidName([UInt8])
    /// Two entries have this name.
    case duplicateName([UInt8])
    /// The entry's hash is smaller than that of the entry before it.
    case outOfOrder([UInt8])
    /// The entry's hash agrees with another's in all the bits that shards can tell apart.
    case hashCollision([UInt8])
    /// The hash function cannot hash a block of this length.
    case hashing(HashingError)
}
