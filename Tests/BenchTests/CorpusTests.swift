// SPDX-License-Identifier: Apache-2.0

import FileIO
import Foundation
import TestSupport
import Testing

@testable import Bench

/// What corpora promise: the same bytes for the same name, size and seed, in the documented shape.
struct CorpusTests {
    private static let byteCount = 3 << 20

    @Test(arguments: Corpus.allCases)
    func `a corpus has exactly the bytes that were asked for, and its counts are true`(
        _ corpus: Corpus
    ) throws {
        let written = try Written(corpus, byteCount: Self.byteCount, seed: 7)
        #expect(written.counts.bytes == Self.byteCount)
        #expect(written.files.values.reduce(0) { $0 + $1.count } == Self.byteCount)
        #expect(written.files.count == written.counts.files)
        #expect(written.directoryCount == written.counts.directories)
    }

    @Test(arguments: Corpus.allCases)
    func `the seed decides on the bytes`(_ corpus: Corpus) throws {
        let first = try Written(corpus, byteCount: 1 << 20, seed: 7).files
        #expect(try Written(corpus, byteCount: 1 << 20, seed: 7).files == first)
        let other = try Written(corpus, byteCount: 1 << 20, seed: 8).files
        #expect(Set(other.values).isDisjoint(with: first.values))
    }

    @Test func `a small file corpus is made of files of 200 B to 16 KB in groups of 250`() throws {
        let files = try Written(.smallFiles, byteCount: Self.byteCount, seed: 1).files
        // The last file is what was left.
        #expect(files.values.filter { !(200...16_000).contains($0.count) }.count <= 1)
        #expect(
            Set(files.keys.map { $0.split(separator: "/")[0] }).count == (files.count + 249) / 250)
        let random = files.values.filter { shrinksLittle($0) }.count
        #expect((0.2...0.4).contains(Double(random) / Double(files.count)))
    }

    @Test func `a deep corpus is 200 levels deep and no deeper`() throws {
        let files = try Written(.deep, byteCount: Self.byteCount, seed: 1).files
        #expect(files.keys.map { $0.split(separator: "/").count }.max() == 201)
    }

    @Test func `a huge directory is one directory`() throws {
        let written = try Written(.hugeDirectory, byteCount: Self.byteCount, seed: 1)
        #expect(written.directoryCount == 2)
        #expect((2500...3700).contains(written.counts.files))
    }

    @Test func `a tree has several levels and files of every magnitude`() throws {
        let files = try Written(.tree, byteCount: Self.byteCount, seed: 1).files
        #expect(files.keys.contains { $0.split(separator: "/").count > 3 })
        let magnitudes = Set(files.values.map { Int.bitWidth - $0.count.leadingZeroBitCount })
        #expect(magnitudes.isSuperset(of: 8...16))
        #expect(Set(files.keys.map { $0.suffix(4) }) == [".txt", ".bin", ".dat"])
    }

    @Test func `an unchanged corpus is the tree`() throws {
        #expect(
            try Written(.unchanged, byteCount: 1 << 20, seed: 3).files
                == Written(.tree, byteCount: 1 << 20, seed: 3).files)
    }

    @Test func `half of the files of a duplicate corpus are copies`() throws {
        let files = try Written(.duplicates, byteCount: 32 << 20, seed: 5).files
        let distinct = Set(files.values).count
        #expect((0.3...0.7).contains(Double(distinct) / Double(files.count)))
        let heads = Dictionary(grouping: Set(files.values).filter { $0.count > 8192 }) {
            $0.prefix(1024)
        }
        #expect(heads.values.contains { $0.count > 1 }, "none begins as another does")
    }

    @Test(arguments: [Corpus.random, .compressible, .tree])
    func `the smallest size is one byte`(_ corpus: Corpus) throws {
        #expect(try Written(corpus, byteCount: 1, seed: 1).files.values.map(\.count) == [1])
    }

    @Test(arguments: [Content.Kind.text, .binary, .random])
    func `a stretch is the part of its stream, wherever it is cut`(_ kind: Content.Kind) throws {
        let whole = try bytes(Content(kind: kind, seed: 4, byteCount: 600_000))
        let ranges = [0..<1, 1..<262_143, 262_143..<262_145, 262_145..<600_000]
        let parts = try ranges.map {
            try bytes(Content(kind: kind, seed: 4, offset: $0.lowerBound, byteCount: $0.count))
        }
        #expect(parts.reduce([], +) == whole)
    }

    @Test func `a directory that is not empty is refused`() throws {
        let directory = try TemporaryDirectory()
        try Data("mine".utf8).write(to: directory.url.appending(path: "thesis"))
        #expect {
            try Corpus.random.write(byteCount: 1, seed: 1, toNew: directory.url.path)
        } throws: {
            ($0 as? BenchError)?.code == .notEmpty
        }
    }

    @Test func `a corpus that does not fit is refused before anything is written`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.url.appending(path: "corpus").path
        #expect { try Corpus.random.write(byteCount: 1 << 49, seed: 1, toNew: path) } throws: {
            ($0 as? BenchError)?.code == .noRoom
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
    }

    private func bytes(_ content: Content) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try ContentWriter().generate(content) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Whether the bytes use most values evenly, as text does not.
    private func shrinksLittle(_ data: Data) -> Bool {
        data.count { $0 >= 0x80 } * 3 > data.count
    }
}

/// A corpus on disk, read back.
private struct Written {
    let counts: CorpusCounts
    /// Contents by path below the corpus.
    let files: [String: Data]
    /// The corpus' own directory included.
    let directoryCount: Int

    init(_ corpus: Corpus, byteCount: Int, seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        counts = try corpus.write(byteCount: byteCount, seed: seed, toNew: directory.url.path)
        var (files, directories) = ([String: Data](), 1)
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory.url.path) {
            let url = directory.url.appending(path: path)
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
            if isDirectory.boolValue {
                directories += 1
            } else {
                files[path] = try Data(contentsOf: url)
            }
        }
        (self.files, directoryCount) = (files, directories)
    }
}
