// SPDX-License-Identifier: Apache-2.0

import FileIO

/// What machine the figures are from.
public struct SystemFacts: Hashable, Sendable {
    /// Cores that this process may use.
    public var coreCount: Int
    /// The processor's name; nil where the system does not tell.
    public var processor: String?
    /// Main memory, in bytes; nil where the system does not tell.
    public var memoryByteCount: Int?
    /// The kernel's version; nil where the system does not tell.
    public var kernel: String?
    /// The file system that corpora lie on, such as "ext4"; nil where the system does not tell.
    public var dataFileSystem: String?
    /// The file system that repositories lie on.
    public var storeFileSystem: String?

    /// Blocks; call on a thread that may.
    init(data: Directory, store: Directory) {
        coreCount = Machine.coreCount
        processor = Self.value("model name", in: "/proc/cpuinfo")
        memoryByteCount = Self.value("MemTotal", in: "/proc/meminfo").flatMap { text in
            Int(text.prefix { $0.isNumber }).map { $0 << 10 }
        }
        kernel = Self.text(of: "/proc/sys/kernel/osrelease")?.split(separator: "\n").first
            .map(String.init)
        dataFileSystem = Self.fileSystem(of: data)
        storeFileSystem = Self.fileSystem(of: store)
    }

    /// What follows the first `key` and a colon in a file of such lines.
    private static func value(_ key: String, in path: String) -> String? {
        for line in text(of: path)?.split(separator: "\n") ?? [] where line.hasPrefix(key) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return nil
    }

    /// The type of the file system with the directory's device number, as the kernel lists it.
    private static func fileSystem(of directory: Directory) -> String? {
        guard let device = try? directory.status().device else { return nil }  // not known, then
        // The numbers as `makedev` of glibc packs them.
        let major = (device >> 8) & 0xfff | (device >> 32) & ~0xfff
        let minor = device & 0xff | (device >> 12) & ~0xff
        for line in text(of: "/proc/self/mountinfo")?.split(separator: "\n") ?? [] {
            let words = line.split(separator: " ")
            guard words.count > 2, words[2] == "\(major):\(minor)",
                let dash = words.firstIndex(of: "-"), dash + 1 < words.count
            else { continue }
            return String(words[dash + 1])
        }
        return nil
    }

    /// The text of a file of the kernel's, up to 1 MiB; nil if there is none.
    static func text(of path: String) -> String? {
        // A system without the file is one that does not tell.
        guard let file = try? File(path, .read) else { return nil }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
        defer { buffer.deallocate() }
        var bytes: [UInt8] = []
        while bytes.count < 1 << 20 {
            guard let count = try? file.read(into: buffer), count > 0 else { break }  // as above
            bytes.append(contentsOf: buffer[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The most memory that the process held at once.
enum PeakMemory {
    /// Begins anew, where the system can.
    static func reset() {
        // Without it the peak is that of the whole process, which is said of it anyway.
        guard let file = try? File("/proc/self/clear_refs", .append) else { return }
        try? file.writeAll(Array("5".utf8))  // as above
    }

    /// Bytes resident at the peak since ``reset()``; nil where the system does not tell.
    static var byteCount: Int? {
        for line in SystemFacts.text(of: "/proc/self/status")?.split(separator: "\n") ?? []
        where line.hasPrefix("VmHWM:") {
            let digits = line.drop { !$0.isNumber }.prefix { $0.isNumber }
            return Int(digits).map { $0 << 10 }
        }
        return nil
    }
}
