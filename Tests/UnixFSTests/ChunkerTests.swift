// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import UnixFS

struct ChunkerTests {
    /// Cuts all of `bytes`, offering never more than `offered` bytes beyond the maximum.
    private func lengths(_ bytes: [UInt8], _ spec: ChunkerSpec, offered: Int = .max) -> [Int] {
        let chunker = Chunker(spec)
        var lengths: [Int] = []
        var start = 0
        while start < bytes.count {
            let left = bytes.count - start
            let most = spec.maximumChunkByteCount.addingReportingOverflow(offered)
            let count = most.overflow ? left : min(left, most.partialValue)
            let window = bytes.span.extracting(start..<start + count)
            guard let length = chunker.nextChunkByteCount(in: window, isFinal: count == left),
                length > 0, length <= count
            else {
                Issue.record("no chunk at \(start) of \(bytes.count)")
                return lengths
            }
            lengths.append(length)
            start += length
        }
        return lengths
    }

    @Test func `every fixture was read`() {
        #expect(ChunkerFixture.all.count == 13)
    }

    @Test(arguments: ChunkerFixture.all)
    func `cuts fall where the reference implementation makes them`(
        _ fixture: ChunkerFixture
    ) throws {
        let spec = try ChunkerSpec(parsing: fixture.chunker)
        let bytes = fixture.bytes
        #expect(lengths(bytes, spec) == fixture.lengths)
        #expect(lengths(bytes, spec, offered: 0) == fixture.lengths)
    }

    @Test(arguments: [
        "rabin-16-17-40", "rabin-16-32-64", "rabin-48", "rabin-100-1000-9000",
        "rabin-1000-3000-30000", "rabin-5000-40000-41000", "fastcdc-64-65-66",
        "fastcdc-64-128-300", "fastcdc-100-1000-9000", "fastcdc-2000-2001-30000", "size-1",
        "size-999",
    ])
    func `cuts are those of the plain definition`(_ text: String) throws {
        let spec = try ChunkerSpec(parsing: text)
        let seed = UInt64.random(in: 0...UInt64.max)
        let digits = String(seed, radix: 16)
        let key = String(repeating: "0", count: 64 - digits.count) + digits
        let random = Keystream.bytes(keyHex: key, count: 25_000)
        // Small alphabets make repeating windows, so cuts before and after the average.
        for bytes in [random, random.map { $0 & 1 }, random.map { $0 / 250 }] {
            var expected: [Int] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let length = ChunkerReference.chunkByteCount(rest, spec)
                expected.append(length)
                rest = rest.dropFirst(length)
            }
            #expect(lengths(bytes, spec) == expected, "seed \(key)")
        }
    }

    @Test func `buzhash cuts are those of the plain definition`() {
        let key = String(repeating: "5a", count: 32)
        let bytes = Keystream.bytes(keyHex: key, count: 600_000)
        var rest = bytes[...]
        var expected: [Int] = []
        while !rest.isEmpty {
            expected.append(ChunkerReference.chunkByteCount(rest, .buzhash))
            rest = rest.dropFirst(expected.last ?? 1)
        }
        #expect(lengths(bytes, .buzhash) == expected)
    }

    @Test(arguments: ["size-10", "rabin-16-32-64", "buzhash", "fastcdc-64-128-256"])
    func `input that ends early gives one chunk if final, none if not`(_ text: String) throws {
        let spec = try ChunkerSpec(parsing: text)
        let chunker = Chunker(spec)
        let minimum = min(spec.minimumChunkByteCount, 40)
        for count in 1..<minimum {
            let bytes = [UInt8](repeating: 7, count: count)
            #expect(chunker.nextChunkByteCount(in: bytes.span, isFinal: true) == count)
            #expect(chunker.nextChunkByteCount(in: bytes.span, isFinal: false) == nil)
        }
        let nothing: [UInt8] = []
        #expect(chunker.nextChunkByteCount(in: nothing.span, isFinal: true) == nil)
        #expect(chunker.nextChunkByteCount(in: nothing.span, isFinal: false) == nil)
    }

    @Test(arguments: [131_071, 131_072, 131_073])
    func `buzhash hands out a short rest whole`(_ count: Int) {
        let bytes = [UInt8](repeating: 0, count: count)
        // All states of a run of one byte are equal: zeros are cut at every minimum.
        #expect(lengths(bytes, .buzhash) == (count > 131_072 ? [131_072, 1] : [count]))
    }

    @Test func `no chunk outgrows the maximum, however much is offered`() throws {
        // This ramp has no cut at all, see the fixtures.
        let bytes = (0..<1_200_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(lengths(bytes, .buzhash) == [524_288, 524_288, 151_424])
        let rabin = try ChunkerSpec(parsing: "rabin")
        #expect(lengths(bytes, rabin) == [393_216, 393_216, 393_216, 20_352])
    }

    @Test func `the buzhash table has every bit set in half of its words`() {
        #expect(Buzhash.words.count == 256)
        for bit in 0..<32 {
            #expect(Buzhash.words.count { $0 >> UInt32(bit) & 1 == 1 } == 128, "bit \(bit)")
        }
        #expect(Buzhash.words.first == 0x6236_e7d5)
        #expect(Buzhash.words.last == 0x5c41_857d)
    }

    @Test func `fastcdc cuts stay where they are`() throws {
        // No other implementation shares the parameters, so these are our own results, kept:
        // other lengths would mean that every stored fastcdc file is stored again.
        let bytes = Keystream.bytes(keyHex: String(repeating: "00", count: 32), count: 2_000_000)
        let spec = try ChunkerSpec(parsing: "fastcdc")
        #expect(
            lengths(bytes, spec) == [
                347_593, 283_051, 263_267, 385_986, 276_394, 286_836, 156_873,
            ])
    }

    @Test func `fastcdc falls into step again after an insertion`() throws {
        let spec = try ChunkerSpec(parsing: "fastcdc-256-1024-4096")
        let key = String(repeating: "c3", count: 32)
        let bytes = Keystream.bytes(keyHex: key, count: 100_000)
        let plain = lengths(bytes, spec)
        let shifted = lengths([1, 2, 3] + bytes, spec)
        #expect(plain.suffix(60) == shifted.suffix(60))
    }
}
