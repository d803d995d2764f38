// SPDX-License-Identifier: Apache-2.0

import FileIO

/// Reads a tree with nothing but the system calls that it takes.
///
/// What cannot be read is counted and left out. Symbolic links are not followed.
struct TreeWalk {
    /// What was found.
    struct Findings: Hashable, Sendable {
        var files = 0
        var directories = 0
        var bytes = 0
        var unreadable = 0
        /// CPU seconds for listing and `stat`.
        var scanSeconds = 0.0
        /// CPU seconds for opening, reading and closing.
        var readSeconds = 0.0
    }

    private(set) var findings = Findings()
    private let reads: Bool
    private let buffer: UnsafeMutableRawBufferPointer
    private let onPiece: (UnsafeRawBufferPointer) -> Void

    /// Walks the tree or file at `path`.
    ///
    /// - Parameters:
    ///   - reads: whether files are read, too.
    ///   - onPiece: is called with each piece that is read, of up to 1 MiB and of one file.
    /// - Throws: `IOError` if `path` itself cannot be listed, or `CancellationError`.
    static func walk(
        _ path: String, reads: Bool, onPiece: @escaping (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws -> Findings {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var walk = TreeWalk(reads: reads, buffer: buffer, onPiece: onPiece)
        try walk.walk(path)
        return walk.findings
    }

    private init(
        reads: Bool, buffer: UnsafeMutableRawBufferPointer,
        onPiece: @escaping (UnsafeRawBufferPointer) -> Void
    ) {
        self.reads = reads
        self.buffer = buffer
        self.onPiece = onPiece
    }

    private mutating func walk(_ path: String) throws {
        if try Self.isFile(path) { return try count(path) }
        let root = try Directory(path)
        var levels: [(directory: Directory, left: [[UInt8]])] = []
        levels.append((root, try scan(root)))
        while let level = levels.last {
            guard let next = level.left.last else {
                levels.removeLast()
                continue
            }
            levels[levels.count - 1].left.removeLast()
            do {
                let directory = try level.directory.openDirectory(next)
                levels.append((directory, try scan(directory)))
            } catch is IOError { findings.unreadable += 1 }
        }
    }

    /// Lists a directory, reads its files and returns the names of the directories in it.
    private mutating func scan(_ directory: Directory) throws -> [[UInt8]] {
        findings.directories += 1
        var (files, directories) = ([[UInt8]](), [[UInt8]]())
        var stream = try DirectoryStream(directory)
        var isAtEnd = false
        while !isAtEnd {
            try Task.checkCancellation()
            // By the thousand, so that a huge directory is not held in memory.
            files.removeAll(keepingCapacity: true)
            let start = CPUClock.thread
            while files.count < 1024 {
                guard let entry = try stream.next() else {
                    isAtEnd = true
                    break
                }
                let status = try directory.status(of: entry.name)
                if status.kind == .directory { directories.append(entry.name) }
                if status.kind == .regular {
                    files.append(entry.name)
                    findings.files += 1
                    findings.bytes += Int(status.byteCount)
                }
            }
            let middle = CPUClock.thread
            findings.scanSeconds += (middle - start).inSeconds
            guard reads else { continue }
            for name in files {
                do {
                    let file = try directory.openFile(name)
                    try read(file)
                } catch is IOError { findings.unreadable += 1 }
            }
            findings.readSeconds += (CPUClock.thread - middle).inSeconds
        }
        return directories
    }

    /// Whether `path` names a file; a pattern in the `catch` of a typed `throw` would be shorter,
    /// but crashes the compiler (Swift 6.3.1).
    private static func isFile(_ path: String) throws -> Bool {
        do { _ = try Directory(path) } catch { return error.code == .notADirectory }
        return false
    }

    /// A source that is one file.
    private mutating func count(_ path: String) throws {
        let file = try File(path, .read)
        findings.files += 1
        findings.bytes += Int(try file.status().byteCount)
        let start = CPUClock.thread
        if reads { try read(file) }
        findings.readSeconds += (CPUClock.thread - start).inSeconds
    }

    private func read(_ file: borrowing File) throws {
        var left = Int(try file.status().byteCount)
        while left > 0 {
            let count = try file.read(into: buffer)
            if count == 0 { return }
            onPiece(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            left -= count
            try Task.checkCancellation()
        }
    }
}
