// SPDX-License-Identifier: Apache-2.0

/// Kubo's `rabin`: fingerprints of the last 16 bytes as a polynomial over GF(2).
///
/// The chunk ends at the first length from the minimum on whose fingerprint has its low
/// floor(log2 average) bits clear. The fingerprint is that of the last 16 bytes only, so no byte
/// before `minimum - 16` is looked at, and a search may start anywhere.
/// Behaviour: <https://github.com/whyrusleeping/chunker>.
enum Rabin {
    static let windowByteCount = 16

    /// How many positions each lane covers before the lanes move on together.
    ///
    /// One fingerprint depends on the one before, so a single search waits on a table look-up
    /// per byte; four searches side by side fill those waits.
    private static let laneByteCount = 1024

    /// The length of the first chunk of `bytes`, which hold the maximum or all that is left.
    static func chunkByteCount(in bytes: Span<UInt8>, _ bounds: ChunkerSpec.Bounds) -> Int {
        let end = min(bytes.count, bounds.maximum)
        guard end > bounds.minimum else { return end }
        let tables = Tables.shared
        let search = Search(
            bytes: bytes, entering: tables.modulo.span, leaving: tables.leaving.span,
            mask: 1 << UInt64(bounds.average.bitWidth - 1 - bounds.average.leadingZeroBitCount) - 1)
        var length = bounds.minimum
        while end - length >= 4 * laneByteCount {
            if let cut = search.firstCutInFourLanes(from: length, laneByteCount) { return cut }
            length += 4 * laneByteCount
        }
        return search.firstCut(from: length, to: end) ?? end
    }
}

/// A search for cuts, by chunk length.
///
/// Bounds of all unchecked reads: lengths searched are at least the minimum, which is at least
/// the window, and at most `bytes.count`; the tables have 256 words and are read by byte.
private struct Search: ~Escapable {
    let bytes: Span<UInt8>
    /// See ``Rabin/Tables/modulo``.
    let entering: Span<UInt64>
    /// See ``Rabin/Tables/leaving``.
    let leaving: Span<UInt64>
    let mask: UInt64

    @_lifetime(copy bytes, copy entering, copy leaving)
    init(bytes: Span<UInt8>, entering: Span<UInt64>, leaving: Span<UInt64>, mask: UInt64) {
        self.bytes = bytes
        self.entering = entering
        self.leaving = leaving
        self.mask = mask
    }

    /// The fingerprint of the 16 bytes that end at `length`.
    func fingerprint(at length: Int) -> UInt64 {
        var fingerprint: UInt64 = 0
        for offset in length - Rabin.windowByteCount..<length {
            fingerprint = appended(fingerprint, UInt64(bytes[offset]))
        }
        return fingerprint
    }

    @inline(__always)
    private func appended(_ fingerprint: UInt64, _ term: UInt64) -> UInt64 {
        // A fingerprint has at most 53 bits, so the index has at most 8.
        let overflow = unsafe entering[unchecked: Int(truncatingIfNeeded: fingerprint &>> 45)]
        return (fingerprint &<< 8 ^ term) ^ overflow
    }

    /// The fingerprint one byte on: at `length + 1` from that at `length`.
    @inline(__always)
    private func slid(_ fingerprint: UInt64, from length: Int) -> UInt64 {
        let old = unsafe bytes[unchecked: length &- Rabin.windowByteCount]
        let new = unsafe bytes[unchecked: length]
        // Off the chain of dependent steps: neither term needs the fingerprint.
        let term = unsafe leaving[unchecked: Int(old)] ^ UInt64(new)
        return appended(fingerprint, term)
    }

    /// The first cut among the lengths `start..<end`.
    func firstCut(from start: Int, to end: Int) -> Int? {
        guard start < end else { return nil }
        var length = start
        var fingerprint = fingerprint(at: length)
        while fingerprint & mask != 0 {
            guard length &+ 1 < end else { return nil }
            fingerprint = slid(fingerprint, from: length)
            length &+= 1
        }
        return length
    }

    /// The first cut among the `4 * width` lengths from `start`, searched in four lanes.
    ///
    /// The caller has `start + 4 * width <= bytes.count`.
    func firstCutInFourLanes(from start: Int, _ width: Int) -> Int? {
        let (start1, start2, start3) = (start + width, start + 2 * width, start + 3 * width)
        var f0 = fingerprint(at: start)
        var f1 = fingerprint(at: start1)
        var f2 = fingerprint(at: start2)
        var f3 = fingerprint(at: start3)
        // The nearest length of a later lane with a cut; lane 0 returns at once.
        var later = Int.max
        for step in 0..<width {
            if f0 & mask == 0 { return start &+ step }
            if f1 & mask == 0 { later = min(later, start1 &+ step) }
            if f2 & mask == 0 { later = min(later, start2 &+ step) }
            if f3 & mask == 0 { later = min(later, start3 &+ step) }
            // The last step slides each lane onto the next lane's first length: within bounds,
            // as that length is at most start + 4 * width <= bytes.count.
            f0 = slid(f0, from: start &+ step)
            f1 = slid(f1, from: start1 &+ step)
            f2 = slid(f2, from: start2 &+ step)
            f3 = slid(f3, from: start3 &+ step)
        }
        return later == .max ? nil : later
    }
}
