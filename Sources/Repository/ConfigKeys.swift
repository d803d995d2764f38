// SPDX-License-Identifier: Apache-2.0

import Yams

/// The keys and values of one mapping of a configuration file, each with its line.
struct ConfigKeys {
    /// Key, value, and "PATH:LINE".
    let pairs: [(name: String, value: Node, place: String)]
    /// Where the mapping is.
    let place: String

    /// - Throws: ``RepositoryError`` if `node` is no mapping, or a key comes twice.
    init(_ node: Node, _ what: String, _ path: String) throws(RepositoryError) {
        place = "\(path):\(node.mark?.line ?? 0)"
        guard let mapping = node.mapping else {
            throw Self.bad(place, "\(what) must hold keys and values")
        }
        var pairs: [(String, Node, String)] = []
        var names: Set<String> = []
        for (key, value) in mapping {
            let place = "\(path):\(key.mark?.line ?? 0)"
            guard let name = key.string else { throw Self.bad(place, "a key must be a word") }
            guard names.insert(name).inserted else { throw Self.bad(place, "\(name) comes twice") }
            pairs.append((name, value, place))
        }
        self.pairs = pairs
    }

    static func bad(_ place: String, _ message: String) -> RepositoryError {
        RepositoryError(.badConfig, "\(place): \(message)")
    }

    static func unknown(
        _ name: String, in what: String, _ place: String, _ known: [String]
    ) -> RepositoryError {
        bad(
            place,
            "unknown key \(name) in \(what); known are \(known.joined(separator: ", "))")
    }

    static func word(
        _ node: Node, _ name: String, _ place: String
    ) throws(RepositoryError) -> String {
        guard node.sequence == nil, let text = node.string, !text.isEmpty else {
            throw bad(place, "\(name) must be a word")
        }
        return text
    }

    /// A list of words, or one word.
    static func words(
        _ node: Node, _ name: String, _ place: String
    ) throws(RepositoryError) -> [String] {
        guard let items = node.sequence else { return [try word(node, name, place)] }
        var words: [String] = []
        for item in items {
            guard let text = item.string, item.sequence == nil else {
                throw bad(place, "\(name) must be a list of words")
            }
            words.append(text)
        }
        return words
    }

    static func absolutePath(
        _ node: Node, _ name: String, _ place: String
    ) throws(RepositoryError) -> String {
        let path = try word(node, name, place)
        guard path.hasPrefix("/") else {
            throw bad(place, "\(name) must be an absolute path, which begins with /")
        }
        return path
    }

    static func age(
        _ node: Node, _ name: String, _ place: String
    ) throws(RepositoryError) -> Int64 {
        guard let text = node.string, let age = AgeText.milliseconds(text) else {
            throw bad(place, "\(name) must be an age such as 12h, 30d, 8w or 1y")
        }
        return age
    }

    static func size(
        _ node: Node, _ name: String, _ place: String
    ) throws(RepositoryError) -> Int64 {
        guard let text = node.string, let size = ByteSize.parse(text) else {
            throw bad(place, "\(name) must be a size such as 64MiB or 500GiB")
        }
        return Int64(size)
    }
}
