// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Changes to a tree on disk, as they happen between two runs.
struct TreeChange {
    let root: URL
    var generator: SeededGenerator
    private var count = 0

    init(_ root: URL, seed: UInt64) {
        self.root = root
        generator = SeededGenerator(seed: seed)
    }

    /// Makes a change and says which.
    mutating func next() throws -> String {
        count += 1
        let file = pick { $0.kind == S_IFREG }
        let directory = pick { $0.kind == S_IFDIR } ?? root
        let link = pick { $0.kind == S_IFLNK }
        let new = directory.appending(path: "new\(count)", directoryHint: .notDirectory)
        switch Int.random(in: 0..<18, using: &generator) {
        case 0: return try done("add", new) { try write(noise(), to: $0) }
        case 1:
            return try done("add directory", new) { try InputTree.random(seed: 1).write(to: $0) }
        case 2: return try done("make empty directory", new) { try make($0) }
        case 3: return try done("remove", file, remove)
        case 4: return try done("remove directory", directory == root ? nil : directory, remove)
        case 5: return try done("rename", file) { try rename($0, new) }
        case 6:
            let moved = directory == root || inside(directory, new) ? nil : directory
            return try done("move directory", moved) { try rename($0, new) }
        case 7: return try done("touch", file) { try setTime($0, 1_600_000_000 + count) }
        case 8: return try done("rewrite in place", file, rewriteInPlace)
        case 9: return try done("append", file, append)
        case 10: return try done("chmod", file) { try check(chmod($0.path, 0o600)) }
        case 11: return try done("retarget", link, retarget)
        case 12: return try done("file to directory", file, becomeDirectory)
        case 13:
            let swapped = directory == root ? nil : directory
            return try done("directory to file", swapped) { url in
                try remove(url)
                try write(noise(), to: url)
            }
        case 14:
            let rules = directory.appending(path: ".cairnignore")
            return try done("ignore", rules) { try write(Array(ignored().utf8), to: $0) }
        case 15: return try done("link", file) { try check(Glibc.link($0.path, new.path)) }
        case 16:
            return try done("touch directory", directory) { try setTime($0, 1_500_000_000 + count) }
        default: return try done("chmod directory", directory) { try check(chmod($0.path, 0o711)) }
        }
    }

    private struct Found {
        let url: URL
        let kind: mode_t
    }

    private mutating func pick(_ fits: (Found) -> Bool) -> URL? {
        found().filter(fits).randomElement(using: &generator)?.url
    }

    private func found() -> [Found] {
        var found: [Found] = []
        for name in FileManager.default.subpaths(atPath: root.path)?.sorted() ?? [] {
            let url = root.appending(path: name, directoryHint: .notDirectory)
            var status = stat()
            if lstat(url.path, &status) == 0 {
                found.append(Found(url: url, kind: status.st_mode & S_IFMT))
            }
        }
        return found
    }

    private mutating func noise() -> [UInt8] {
        let count = Int.random(in: 0...3_000, using: &generator)
        return InputContent.noise(seed: generator.next(), count: count).bytes()
    }

    private mutating func ignored() -> String {
        ["", "n*\n", "*1*\nplain*\n", "new*/\n", "*\n!*2*\n"].randomElement(using: &generator) ?? ""
    }

    private func done(
        _ name: String, _ url: URL?, _ change: (URL) throws -> Void
    ) throws -> String {
        guard let url else { return "\(name) of nothing" }
        try change(url)
        return "\(name) \(url.path.dropFirst(root.path.count))"
    }

    private func inside(_ outer: URL, _ inner: URL) -> Bool {
        inner.path.hasPrefix(outer.path + "/")
    }

    private func write(_ bytes: [UInt8], to url: URL) throws {
        try Data(bytes).write(to: url)
    }

    private func make(_ url: URL) throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    private func remove(_ url: URL) throws { try FileManager.default.removeItem(at: url) }

    private func rename(_ url: URL, _ new: URL) throws {
        try FileManager.default.moveItem(at: url, to: new)
    }

    private func setTime(_ url: URL, _ seconds: Int) throws {
        let time = timespec(tv_sec: seconds, tv_nsec: 5)
        try check(utimensat(AT_FDCWD, url.path, [time, time], AT_SYMLINK_NOFOLLOW))
    }

    /// Other bytes, the same size, the same modification time: only the change time tells.
    private func rewriteInPlace(_ url: URL) throws {
        var status = stat()
        try check(lstat(url.path, &status))
        let handle = try FileHandle(forUpdating: url)
        let old = try handle.readToEnd() ?? Data()
        try handle.seek(toOffset: 0)
        try handle.write(contentsOf: Data(old.map { $0 ^ 0x55 }))
        try handle.close()
        try check(
            utimensat(AT_FDCWD, url.path, [status.st_mtim, status.st_mtim], AT_SYMLINK_NOFOLLOW))
    }

    private func append(_ url: URL) throws {
        let handle = try FileHandle(forWritingTo: url)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data([1, 2, 3]))
        try handle.close()
    }

    private func retarget(_ url: URL) throws {
        try remove(url)
        try FileManager.default.createSymbolicLink(
            atPath: url.path, withDestinationPath: "elsewhere/\(count)")
    }

    private func becomeDirectory(_ url: URL) throws {
        try remove(url)
        try InputTree(.directory([("inner", .text("\(count)"))])).write(to: url)
    }

    private func check(_ result: Int32) throws {
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}
