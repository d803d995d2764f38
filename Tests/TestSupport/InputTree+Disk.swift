// SPDX-License-Identifier: Apache-2.0

public import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension InputTree {
    /// Writes the tree to `url`, which must not exist, with the modes and times that it states.
    public func write(to url: URL) throws {
        switch kind {
        case .file(let content):
            try content.write(to: url)
        case .symlink(let target):
            try FileManager.default.createSymbolicLink(
                atPath: url.path, withDestinationPath: target)
        case .directory(let entries):
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
            for entry in entries {
                try entry.tree.write(
                    to: url.appending(path: entry.name, directoryHint: .notDirectory))
            }
        }
        if let mode { try check(fchmodat(AT_FDCWD, url.path, mode_t(mode), 0)) }
        if let mtime {
            let time = timespec(tv_sec: Int(mtime.seconds), tv_nsec: Int(mtime.nanoseconds))
            try check(utimensat(AT_FDCWD, url.path, [time, time], AT_SYMLINK_NOFOLLOW))
        }
    }

    private func check(_ result: Int32) throws {
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    /// A tree that `seed` decides on: names, sizes and repeated content as they occur.
    public static func random(seed: UInt64) -> InputTree {
        var generator = SeededGenerator(seed: seed)
        return randomDirectory(depth: 0, using: &generator)
    }

    private static func randomDirectory(
        depth: Int, using generator: inout SeededGenerator
    ) -> InputTree {
        let stems = ["plain", "with space", "ümlaut", "日本", "new\nline", "-dash", "a.tar.gz"]
        let count = Int.random(in: depth == 0 ? 3...14 : 0...9, using: &generator)
        let entries = (0..<count).map { index -> (name: String, tree: InputTree) in
            let stem = stems[Int.random(in: 0..<stems.count, using: &generator)]
            let name = "\(stem)\(index)"
            switch Int.random(in: 0..<8, using: &generator) {
            case 0 where depth < 4, 1 where depth < 2:
                return (name, randomDirectory(depth: depth + 1, using: &generator))
            case 2: return (name, InputTree(.symlink(target: "../\(stem)")))
            case 3: return (name, .numbered(name: "n%d", text: "%d", first: 1, count: 40))
            default: return (name, InputTree(.file(.random(using: &generator))))
            }
        }
        return InputTree(.directory(entries))
    }
}

extension InputContent {
    /// Writes the bytes to the new file `url`.
    public func write(to url: URL) throws {
        guard FileManager.default.createFile(atPath: url.path, contents: Data(bytes())) else {
            throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: url.path])
        }
    }

    fileprivate static func random(using generator: inout SeededGenerator) -> InputContent {
        let limits = [0, 1, 255, 4096, 262_143, 262_144, 262_145, 1_048_576, 1_048_577]
        let count =
            Int.random(in: 0..<3, using: &generator) == 0
            ? limits[Int.random(in: 0..<limits.count, using: &generator)]
            : Int.random(in: 0...30_000, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: return .fill(UInt8.random(in: 0...3, using: &generator), count: count)
        // A few seeds only, so that content repeats.
        default:
            return .noise(seed: UInt64.random(in: 0..<20, using: &generator), count: count)
        }
    }
}
