// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import UnixFS

struct ChunkerSpecTests {
    @Test(arguments: [
        ("", "size-262144"), ("default", "size-262144"), ("size-1", "size-1"),
        ("size-2096896", "size-2096896"), ("size-0042", "size-42"), ("size-+5", "size-5"),
        ("rabin", "rabin-87381-262144-393216"), ("rabin-262144", "rabin-87381-262144-393216"),
        ("rabin-128", "rabin-42-128-192"), ("rabin-48", "rabin-16-48-72"),
        ("rabin-1397931", "rabin-465977-1397931-2096896"),
        ("rabin-16-17-2096896", "rabin-16-17-2096896"),
        ("rabin-min:512-avg:1024-max:2048", "rabin-512-1024-2048"),
        ("rabin-512-avg:1024-2048", "rabin-512-1024-2048"), ("buzhash", "buzhash"),
        ("fastcdc", "fastcdc-65536-262144-1048576"), ("fastcdc-64-65-66", "fastcdc-64-65-66"),
    ])
    func `a text is read, and its full form reads back`(_ text: String, _ full: String) throws {
        let spec = try ChunkerSpec(parsing: text)
        #expect(spec.description == full)
        #expect(try ChunkerSpec(parsing: full) == spec)
    }

    @Test(arguments: [
        ("sizes-3", ChunkerSpecError.unknown("sizes-3")),
        ("Rabin", .unknown("Rabin")),
        ("-", .unknown("-")),
        ("size", .form("size", expected: "size-N")),
        ("size-1-2", .form("size-1-2", expected: "size-N")),
        ("size--1", .form("size--1", expected: "size-N")),
        ("size-", .number("size-", found: "")),
        ("size-1k", .number("size-1k", found: "1k")),
        (
            "size-99999999999999999999",
            .number(
                "size-99999999999999999999", found: "99999999999999999999")
        ),
        ("size-0", .tooSmall("size-0", byteCount: 0, least: 1)),
        ("size-2096897", .tooLarge("size-2096897", byteCount: 2_096_897)),
        ("rabin-47", .tooSmall("rabin-47", byteCount: 47, least: 48)),
        ("rabin-1397932", .tooLarge("rabin-1397932", byteCount: 2_096_898)),
        (
            "rabin-9223372036854775807",
            .tooLarge(
                "rabin-9223372036854775807", byteCount: .max)
        ),
        ("rabin-15-20-30", .tooSmall("rabin-15-20-30", byteCount: 15, least: 16)),
        ("rabin-30-30-40", .order("rabin-30-30-40")),
        ("rabin-20-30-30", .order("rabin-20-30-30")),
        ("rabin-20-30-2096897", .tooLarge("rabin-20-30-2096897", byteCount: 2_096_897)),
        ("rabin-20-30", .form("rabin-20-30", expected: "rabin, rabin-AVG or rabin-MIN-AVG-MAX")),
        ("rabin-max:20-30-40", .label("rabin-max:20-30-40", expected: "min")),
        ("rabin-20-30-avg:40", .label("rabin-20-30-avg:40", expected: "max")),
        ("buzhash-1", .form("buzhash-1", expected: "buzhash")),
        ("fastcdc-63-100-200", .tooSmall("fastcdc-63-100-200", byteCount: 63, least: 64)),
        ("fastcdc-100", .form("fastcdc-100", expected: "fastcdc or fastcdc-MIN-AVG-MAX")),
    ])
    func `a text that names no chunker is refused with the reason`(
        _ text: String, _ expected: ChunkerSpecError
    ) {
        #expect(throws: expected) { try ChunkerSpec(parsing: text) }
        #expect(expected.description.contains("\"\(text)\""))
    }

    @Test func `sizes of a chunker are known without running it`() throws {
        let rabin = try ChunkerSpec(parsing: "rabin")
        #expect(rabin.minimumChunkByteCount == 87_381)
        #expect(rabin.maximumChunkByteCount == 393_216)
        #expect(ChunkerSpec.buzhash.minimumChunkByteCount == 131_072)
        #expect(ChunkerSpec.buzhash.maximumChunkByteCount == 524_288)
        #expect(ChunkerSpec.size1MiB.maximumChunkByteCount == 1_048_576)
        #expect(ChunkerSpec.size256KiB == (try ChunkerSpec(parsing: "")))
    }
}
