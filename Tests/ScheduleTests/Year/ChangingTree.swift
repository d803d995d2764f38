// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A source tree as the months change it, and what it holds at any moment.
struct ChangingTree {
    /// What a file holds: so many bytes of an endless stream, so that a file can grow.
    struct Content: Hashable {
        let stream: UInt64
        var byteCount: Int

        /// The bytes, the same for the same content; they do not compress.
        var bytes: Data {
            var generator = SeededGenerator(seed: stream)
            let words = (0..<(byteCount + 7) / 8).map { _ in generator.next() }
            return words.withUnsafeBytes { Data($0.prefix(byteCount)) }
        }

        /// The blocks that it is cut into.
        var chunks: [Chunk] {
            stride(from: 0, to: byteCount, by: ChangingTree.chunkByteCount).map {
                Chunk(
                    stream: stream, offset: $0,
                    byteCount: min(ChangingTree.chunkByteCount, byteCount - $0))
            }
        }
    }

    /// A block of a file.
    struct Chunk: Hashable {
        let stream: UInt64
        let offset: Int
        let byteCount: Int
    }

    static let chunkByteCount = 8192
    private static let folderCount = 6

    /// All files by their paths.
    private(set) var files: [String: Content] = [:]
    private let root: URL
    private var generator: SeededGenerator
    private var nextName = 0

    /// Makes a tree of so many files at `root`.
    init(at root: URL, fileCount: Int, seed: UInt64) throws {
        self.root = root
        generator = SeededGenerator(seed: seed)
        for folder in 0..<Self.folderCount {
            try FileManager.default.createDirectory(
                at: root.appending(path: "folder \(folder)"), withIntermediateDirectories: true)
        }
        for _ in 0..<fileCount { try add() }
        for log in 0..<2 { try set("folder \(log)/log", Content(stream: draw(), byteCount: 1000)) }
    }

    /// A day goes by: files come, change and go, some grow.
    mutating func change(day: Int) throws {
        try add()
        for _ in 0..<2 {
            let path = pick()
            try set(path, Content(stream: draw(), byteCount: size()))
        }
        try remove(pick())
        for log in 0..<2 {
            let path = "folder \(log)/log"
            guard var content = files[path] else { continue }
            // Rotated every few months.
            content =
                content.byteCount > 150_000
                ? Content(stream: draw(), byteCount: 1000)
                : Content(stream: content.stream, byteCount: content.byteCount + 1500)
            try set(path, content)
        }
        if day % 7 == 0 {
            // Moved: the same bytes at another place.
            let path = pick()
            guard let content = files[path] else { return }
            try remove(path)
            try set("folder \(draw() % UInt64(Self.folderCount))/moved on day \(day)", content)
        }
    }

    private mutating func add() throws {
        nextName += 1
        let folder = draw() % UInt64(Self.folderCount)
        try set("folder \(folder)/file \(nextName)", Content(stream: draw(), byteCount: size()))
    }

    private mutating func set(_ path: String, _ content: Content) throws {
        files[path] = content
        try content.bytes.write(to: root.appending(path: path))
    }

    private mutating func remove(_ path: String) throws {
        files[path] = nil
        try FileManager.default.removeItem(at: root.appending(path: path))
    }

    /// A file that is no log.
    private mutating func pick() -> String {
        let paths = files.keys.filter { !$0.hasSuffix("/log") }.sorted()
        return paths[Int(draw() % UInt64(paths.count))]
    }

    private mutating func size() -> Int { Int(draw() % 14_000) + 1 }

    private mutating func draw() -> UInt64 { generator.next() }
}
