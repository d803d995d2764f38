// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A tree of files on disk that a seed decides on: names, sizes and content near every limit.
struct RandomTree {
    /// Kubo's default chunk.
    private static let chunk = 262_144
    private static let sizes = [
        0, 1, 2, 255, 4096, chunk - 1, chunk, chunk + 1, 2 * chunk, 4 * chunk, 4 * chunk + 1,
    ]
    private static let stems = [
        "plain", "with space", "ümlaut", "日本語", "🪨", "quote'\"", "new\nline", "-dash", "tab\t",
        ".hidden", "UPPER", "dot.tar.gz", String(repeating: "long", count: 50),
    ]

    let root: URL
    private var generator: SeededGenerator

    private let includesLinks: Bool

    /// Writes the tree of `seed` to `root`, which must not exist.
    init(seed: UInt64, at root: URL, includesLinks: Bool = true) throws {
        self.root = root
        self.includesLinks = includesLinks
        generator = SeededGenerator(seed: seed)
        try fill(root, depth: 0)
        if seed % 3 == 0 { try addWideDirectory() }
        if seed % 4 == 0 { try addFile(of: 174 * Self.chunk + 1, named: "two levels of nodes") }
        try addUndecodableName()
    }

    private mutating func fill(_ directory: URL, depth: Int) throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for index in 0..<Int.random(in: 0...12, using: &generator) {
            let stem = Self.stems[Int.random(in: 0..<Self.stems.count, using: &generator)]
            let url = directory.appending(path: "\(stem)\(index)", directoryHint: .notDirectory)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...1 where depth < 5: try fill(url, depth: depth + 1)
            case 2 where includesLinks:
                try FileManager.default.createSymbolicLink(
                    atPath: url.path, withDestinationPath: "../no where/\(stem)")
            default: try write(randomBytes(randomSize()), to: url)
            }
        }
    }

    /// Enough entries for a HAMT, and far from the size at which Kubo 0.22 and later releases
    /// decide differently.
    private mutating func addWideDirectory() throws {
        let directory = root.appending(path: "wide")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for index in 0..<3000 {
            let name = "entry-\(index)-" + String(repeating: "x", count: 60)
            try write(Data("\(index % 7)".utf8), to: directory.appending(path: name))
        }
    }

    private mutating func addFile(of byteCount: Int, named name: String) throws {
        try write(randomBytes(byteCount), to: root.appending(path: name))
    }

    /// A name that is no UTF-8, which Linux allows and others do not.
    private func addUndecodableName() throws {
        #if os(Linux)
            let path = Array(root.path.utf8) + Array("/not-utf8-".utf8) + [0xff, 0xfe, 0]
            let descriptor = open(path.map(CChar.init(bitPattern:)), O_CREAT | O_WRONLY, 0o644)
            guard descriptor >= 0 else { throw POSIXError(.EIO) }
            close(descriptor)
        #endif
    }

    private mutating func randomSize() -> Int {
        if Bool.random(using: &generator) { return Int.random(in: 0...20_000, using: &generator) }
        return Self.sizes[Int.random(in: 0..<Self.sizes.count, using: &generator)]
    }

    /// Bytes that repeat in half of the cases, so that there is something to deduplicate.
    private mutating func randomBytes(_ count: Int) -> Data {
        if Bool.random(using: &generator) {
            return Data(repeating: UInt8.random(in: 0...3, using: &generator), count: count)
        }
        // Words at a time: this is most of a test's time otherwise.
        let words = (0..<(count + 7) / 8).map { _ in generator.next() }
        return words.withUnsafeBytes { Data($0.prefix(count)) }
    }

    /// Not through `FileManager`, which syncs each file.
    private func write(_ data: Data, to url: URL) throws { try data.write(to: url) }
}
