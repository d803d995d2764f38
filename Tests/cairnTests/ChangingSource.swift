// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A directory of small files that change from one ingest to the next.
///
/// Contents come from a small pool, so that what was forgotten comes back, and sources share blocks.
struct ChangingSource {
    /// What the directory holds: the number of a content for each file.
    struct State: Equatable {
        fileprivate var files: [String: UInt64] = [:]
    }

    let path: String
    private(set) var state = State()

    private static let folders = ["a", "b", "b/c"]
    private static let contents: ClosedRange<UInt64> = 1...48

    /// Makes the directory, and its first files.
    init(_ path: String, using generator: inout SeededGenerator) throws {
        self.path = path
        for folder in Self.folders {
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        }
        for _ in 0..<4 { try change(using: &generator) }
    }

    /// Writes, replaces or removes some files.
    mutating func change(using generator: inout SeededGenerator) throws {
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let folder = Self.folders[Int.random(in: 0..<Self.folders.count, using: &generator)]
            let name = "\(folder)/\(Int.random(in: 0..<4, using: &generator))"
            let content = UInt64.random(in: Self.contents, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where state.files[name] != nil && state.files.count > 3:
                try FileManager.default.removeItem(atPath: "\(path)/\(name)")
                state.files[name] = nil
                continue
            case 1:
                // In place, in the same inode.
                if let handle = FileHandle(forWritingAtPath: "\(path)/\(name)") {
                    try handle.truncate(atOffset: 0)
                    try handle.write(contentsOf: Self.bytes(of: content))
                    try handle.close()
                } else {
                    fallthrough
                }
            default: try Self.bytes(of: content).write(to: URL(filePath: "\(path)/\(name)"))
            }
            state.files[name] = content
        }
    }

    /// The bytes of a content: of six lengths, so that many files change and keep theirs.
    fileprivate static func bytes(of content: UInt64) -> Data {
        Data(InputContent.noise(seed: content, count: 3_000 + Int(content % 6) * 7_000).bytes())
    }
}

extension ChangingSource.State {
    /// Whether a directory holds exactly these files, byte for byte.
    func isSame(as directory: String) throws -> Bool {
        let names = try FileManager.default.subpathsOfDirectory(atPath: directory).filter {
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(
                atPath: "\(directory)/\($0)", isDirectory: &isDirectory) && !isDirectory.boolValue
        }
        guard Set(names) == Set(files.keys) else { return false }
        return try files.allSatisfy { name, content in
            let stored = try Data(contentsOf: URL(filePath: "\(directory)/\(name)"))
            return stored == ChangingSource.bytes(of: content)
        }
    }
}
