// SPDX-License-Identifier: Apache-2.0

/// A file, a symlink or a directory to import, as a value.
public struct InputTree: Sendable {
    /// What it is.
    public enum Kind: Sendable {
        case file(InputContent)
        case symlink(target: String)
        case directory([(name: String, tree: InputTree)])
    }

    /// What it is, and what is in it.
    public var kind: Kind
    /// Permission bits; nil where the case does not look at them.
    public var mode: UInt32?
    /// Seconds since 1970 and nanoseconds counted forward from there; nil as for the mode.
    public var mtime: (seconds: Int64, nanoseconds: UInt32)?

    /// Makes a tree.
    public init(
        _ kind: Kind, mode: UInt32? = nil, mtime: (seconds: Int64, nanoseconds: UInt32)? = nil
    ) {
        self.kind = kind
        self.mode = mode
        self.mtime = mtime
    }

    /// File bytes in the tree.
    public var byteCount: Int {
        switch kind {
        case .file(let content): content.byteCount
        case .symlink: 0
        case .directory(let entries): entries.reduce(0) { $0 + $1.tree.byteCount }
        }
    }

    /// A file of text.
    public static func text(_ text: String) -> InputTree {
        InputTree(.file(.bytes(Array(text.utf8))))
    }

    /// A directory of numbered files, or of numbered empty directories if there is no text.
    public static func numbered(
        name: String, text: String?, first: Int, count: Int
    ) -> InputTree {
        InputTree(
            .directory(
                (first..<first + count).map { number in
                    let entry = text.map { InputTree.text($0.numbered(number)) }
                    return (name.numbered(number), entry ?? InputTree(.directory([])))
                }))
    }

    /// A directory of files with names drawn from a ChaCha20 stream.
    public static func named(
        seed: String, count: Int, nameByteCount: Int, lastNameByteCount: Int, text: String
    ) -> InputTree {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz01234567890-_")
        var stream = ChaCha20Keystream(seed: seed)
        return InputTree(
            .directory(
                (1...count).map { number in
                    let bytes = stream.next(number == count ? lastNameByteCount : nameByteCount)
                    return (String(bytes.map { alphabet[Int($0) % 39] }), .text(text))
                }))
    }
}

extension String {
    fileprivate func numbered(_ number: Int) -> String {
        guard let percent = firstRange(of: "%d") else { return self }
        return self[..<percent.lowerBound] + "\(number)" + self[percent.upperBound...]
    }

    private func firstRange(of text: String) -> Range<String.Index>? {
        indices.lazy
            .filter { self[$0...].hasPrefix(text) }
            .map { $0..<self.index($0, offsetBy: text.count) }
            .first
    }
}

/// A file's bytes as a recipe.
public indirect enum InputContent: Sendable {
    case bytes([UInt8])
    case fill(UInt8, count: Int)
    case chacha(seed: String, count: Int)
    /// Bytes of a ``SeededGenerator``: for much data, as ChaCha20 is slow without optimisation.
    case noise(seed: UInt64, count: Int)
    case join([InputContent])

    /// The length in bytes.
    public var byteCount: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .fill(_, let count), .chacha(_, let count), .noise(_, let count): count
        case .join(let parts): parts.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// The bytes, made anew.
    public func bytes() -> [UInt8] {
        switch self {
        case .bytes(let bytes): return bytes
        case .fill(let byte, let count): return [UInt8](repeating: byte, count: count)
        case .chacha(let seed, let count):
            var stream = ChaCha20Keystream(seed: seed)
            return stream.next(count)
        case .noise(let seed, let count):
            var generator = SeededGenerator(seed: seed)
            var bytes = [UInt8](repeating: 0, count: (count + 7) / 8 * 8)
            bytes.withUnsafeMutableBytes { bytes in
                for word in bytes.bindMemory(to: UInt64.self).indices {
                    bytes.storeBytes(of: generator.next(), toByteOffset: word * 8, as: UInt64.self)
                }
            }
            return Array(bytes.prefix(count))
        case .join(let parts): return parts.flatMap { $0.bytes() }
        }
    }
}
