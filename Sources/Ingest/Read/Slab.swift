// SPDX-License-Identifier: Apache-2.0

import Pipeline
import Synchronization

/// A buffer of bytes read from sources, shared by the stages without a copy.
///
/// Goes back to its pool when the last stage lets go of it.
final class Slab: @unchecked Sendable {
    // Sendable: the reader that filled the slab was its only owner; later stages only read.
    let bytes: UnsafeMutableRawBufferPointer
    private let pool: SlabPool

    fileprivate init(bytes: UnsafeMutableRawBufferPointer, pool: SlabPool) {
        self.bytes = bytes
        self.pool = pool
    }

    deinit { pool.giveBack(bytes) }

    /// The bytes in `range` for as long as `body` runs.
    func withSpan<Result>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws -> Result
    ) rethrows -> Result {
        try body(Span(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[range])))
    }
}

/// Slabs of one size within a budget: waiting for one is what slows the reading down.
final class SlabPool: Sendable {
    /// The size of each slab in bytes.
    let slabByteCount: Int
    private let budget: WeightedSemaphore
    private let free = Mutex<[UInt]>([])

    /// A pool of slabs of `slabByteCount` that together stay within `byteBudget`, two at least.
    init(slabByteCount: Int, byteBudget: Int) {
        self.slabByteCount = slabByteCount
        budget = WeightedSemaphore(capacity: max(2, byteBudget / slabByteCount))
    }

    deinit {
        for address in free.withLock({ $0 }) {
            UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
        }
    }

    /// A slab, as soon as one is free; its content is arbitrary.
    func acquire(_ meter: StageMeter) async throws -> Slab {
        try await meter.acquire(1, from: budget)
        let address = free.withLock { $0.popLast() }
        let base =
            address.flatMap { UnsafeMutableRawPointer(bitPattern: $0) }
            ?? .allocate(byteCount: slabByteCount, alignment: 4096)
        return Slab(
            bytes: UnsafeMutableRawBufferPointer(start: base, count: slabByteCount), pool: self)
    }

    fileprivate func giveBack(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        free.withLock { $0.append(UInt(bitPattern: base)) }
        budget.release(1)
    }
}
