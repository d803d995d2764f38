// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension Workload {
    static let formats = [
        Workload("varint/append", iterations: 100) {
            let values = varints()
            return {
                var output: [UInt8] = []
                output.reserveCapacity(9 * values.count)
                for value in values { Varint.append(value, to: &output) }
                return output.count
            }
        },
        Workload("varint/read", iterations: 100) {
            var input: [UInt8] = []
            for value in varints() { Varint.append(value, to: &input) }
            return { [input] in
                var cursor = 0
                var sum = 0
                while cursor < input.count {
                    sum &+= Int(try Varint.read(from: input.span, at: &cursor))
                }
                return sum
            }
        },
        Workload("cid/read", iterations: 100) {
            let cids = someCIDs().map(\.bytes)
            return { try cids.reduce(0) { $0 &+ Int(try CID($1).codec.rawValue) } }
        },
        Workload("cid/make", iterations: 100) {
            var source = SeededBytes(seed: 3)
            let bytes = source.noise(200)
            let builder = try CIDBuilder()
            return { try builder.cid(codec: .raw, hashing: bytes.span).bytes.count }
        },
        Workload("cid/parse-text", iterations: 100) {
            let texts = someCIDs().map(\.description)
            return { try texts.reduce(0) { $0 &+ (try CID(text: $1).bytes.count) } }
        },
        Workload("cid/write-text", iterations: 100) {
            let cids = someCIDs()
            return { cids.reduce(0) { $0 &+ $1.description.utf8.count } }
        },
    ]

    static let hashes =
        HashFunction.allCases.filter { $0 != .identity }.map { function in
            Workload("hash/\(function.name)", byteCount: 262_144, iterations: 8) {
                var source = SeededBytes(seed: 1)
                let bytes = source.noise(262_144)
                return { Int(try function.digest(of: bytes.span)[0]) }
            }
        } + [
            Workload("hash/sha2-256-small", byteCount: 200, iterations: 1000) {
                var source = SeededBytes(seed: 1)
                let bytes = source.noise(200)
                return { Int(try HashFunction.sha2_256.digest(of: bytes.span)[0]) }
            },
            Workload("hash/identity", byteCount: 64, iterations: 1000) {
                var source = SeededBytes(seed: 1)
                let bytes = source.noise(64)
                return { try HashFunction.identity.multihash(of: bytes.span).bytes.count }
            },
            Workload("hash/murmur3", byteCount: 24, iterations: 1000) {
                var source = SeededBytes(seed: 1)
                let name = source.noise(24)
                return { Int(truncatingIfNeeded: Murmur3.x64Hash64(name.span)) }
            },
        ]

    /// A thousand numbers of all lengths.
    private static func varints() -> [UInt64] {
        var source = SeededBytes(seed: 2)
        return (0..<1000).map { source.next() >> UInt64(1 + $0 % 63) }
    }

    private static func someCIDs() -> [CID] {
        var source = SeededBytes(seed: 3)
        return (0..<100).map { _ in source.cid() }
    }
}
