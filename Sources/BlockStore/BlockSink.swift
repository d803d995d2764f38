// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// Takes blocks in one at a time and stores them many at a time.
public protocol BlockSink: Sendable {
    /// Takes a block whose bytes were checked; suspends while as many wait as memory allows.
    ///
    /// It is stored later, and may be lost if the program ends before.
    /// - Throws: the first error of storing, from then on; `CancellationError`.
    func put(_ block: Block) async throws

    /// A block that was taken in and cannot be read from the store yet.
    func pendingBlock(_ cid: CID) -> Block?
}
