// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import UnixFS

extension Workload {
    static let chunkers = ["size-262144", "rabin", "buzhash", "fastcdc"].map { text in
        Workload("chunker/\(text)", byteCount: 2 << 20, iterations: 2) {
            var source = SeededBytes(seed: 4)
            let bytes = source.noise(2 << 20)
            let chunker = Chunker(try ChunkerSpec(parsing: text))
            return {
                var rest = bytes.span
                var count = 0
                while let length = chunker.nextChunkByteCount(in: rest, isFinal: true) {
                    rest = rest.extracting(length..<rest.count)
                    count += 1
                }
                return count
            }
        }
    }

    static let directories = [
        Workload("directory/basic", iterations: 4) {
            let entries = directoryEntries(1000)
            let builder = try CIDBuilder()
            return {
                let made = try BasicDirectory.block(entries: entries, cidBuilder: builder)
                return made.block.bytes.count
            }
        },
        Workload("directory/hamt", iterations: 2) {
            let entries = directoryEntries(5000)
            let builder = DirectoryBuilder(rules: .v1_2025, cidBuilder: try CIDBuilder())
            return {
                var byteCount = 0
                _ = try builder.build(entries) { byteCount += $0.bytes.count }
                return byteCount
            }
        },
        Workload("file/balanced", iterations: 2) { try file(.balanced) },
        Workload("file/trickle", iterations: 2) { try file(.trickle) },
    ]

    /// Entries of a directory, in no order.
    private static func directoryEntries(_ count: Int) -> [DirectoryEntry] {
        var source = SeededBytes(seed: 5)
        return (0..<count).map { _ in
            let name = "\(String(source.next() % 1_000_000_007, radix: 36))-photo.jpeg"
            return DirectoryEntry(
                name: Array(name.utf8), cid: source.cid(), tsize: source.next() % (1 << 24))
        }
    }

    /// A DAG over 10,000 leaves.
    private static func file(_ layout: FileLayout) throws -> () throws -> Int {
        var source = SeededBytes(seed: 6)
        let leaves = (0..<10_000).map { _ in
            FileLink(cid: source.cid(), tsize: 262_144, fileByteCount: 262_144)
        }
        let cidBuilder = try CIDBuilder()
        return {
            var builder = try FileDAGBuilder(
                layout: layout, maxLinks: 174, cidBuilder: cidBuilder)
            var byteCount = 0
            for leaf in leaves { try builder.append(leaf) { byteCount += $0.bytes.count } }
            _ = try builder.finish { byteCount += $0.bytes.count }
            return byteCount
        }
    }
}
