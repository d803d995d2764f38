// SPDX-License-Identifier: Apache-2.0

import UnixFS

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the cache of a source is known by: where the source is, and all options that decide on the
/// CID of a file or a symbolic link in it.
///
/// Selection is not among them: it decides on which entries a directory has, and every run looks at
/// the entries anew.
enum CacheKey {
    private static let version = "1"

    /// The key of the source at `path`; nil if the path cannot be resolved.
    static func bytes(of path: String, _ options: IngestOptions) -> [UInt8]? {
        guard let place = canonical(path) else { return nil }
        var text = "stat-cache \(version)\n"
        for (key, value) in options.dag.fields { text += "\(key)=\(value)\n" }
        text += "dereference=\(options.followsSymbolicLinks)\n"
        return Array(text.utf8) + place
    }

    /// The path with all symbolic links on the way resolved; the last name stays, as it may be a
    /// link that is the source itself.
    private static func canonical(_ path: String) -> [UInt8]? {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
        let base = slash.map { Array(bytes[($0 + 1)...]) } ?? bytes
        let isNamed = !base.isEmpty && base != Array(".".utf8) && base != Array("..".utf8)
        guard isNamed else { return resolved(bytes) }
        let parent = slash.map { $0 == 0 ? [UInt8(ascii: "/")] : Array(bytes[..<$0]) }
        guard let place = resolved(parent ?? [UInt8(ascii: ".")]) else { return nil }
        return place + [UInt8(ascii: "/")] + base
    }

    private static func resolved(_ path: [UInt8]) -> [UInt8]? {
        let name = (path + [0]).map { CChar(bitPattern: $0) }
        guard let found = realpath(name, nil) else { return nil }
        defer { free(found) }
        return Array(UnsafeRawBufferPointer(start: found, count: strlen(found)))
    }
}
