// SPDX-License-Identifier: Apache-2.0

/// A value in a YAML file, with the place where it was written.
public struct YAMLNode: Hashable, Sendable {
    /// What the value is.
    public enum Content: Hashable, Sendable {
        /// Nothing: a key without a value, `~` or `null`.
        case nothing
        /// A text, a number or a word; whether it was quoted.
        case scalar(String, isQuoted: Bool)
        /// A list.
        case list([YAMLNode])
        /// Keys with values, in the order of the file; no key is there twice.
        case mapping([Entry])
    }

    /// One key of a mapping.
    public struct Entry: Hashable, Sendable {
        /// The key.
        public let key: String
        /// Where the key was written.
        public let place: YAMLPlace
        /// What stands behind it.
        public let value: YAMLNode
    }

    /// Where the value begins.
    public let place: YAMLPlace
    /// What it is.
    public let content: Content

    /// Puts a value together.
    public init(_ content: Content, at place: YAMLPlace) {
        self.content = content
        self.place = place
    }

    /// What the value is, for messages: "a list".
    var noun: String {
        switch content {
        case .nothing: "nothing"
        case .scalar(let text, _): "\"\(text.prefix(80))\""
        case .list: "a list"
        case .mapping: "keys and values"
        }
    }
}

/// Where something was written: file, line and column, both counted from 1.
public struct YAMLPlace: Hashable, Sendable, CustomStringConvertible {
    /// The file, as the user named it.
    public let path: String
    /// The line.
    public let line: Int
    /// The column, in characters.
    public let column: Int

    /// Makes a place.
    public init(path: String, line: Int, column: Int) {
        self.path = path
        self.line = line
        self.column = column
    }

    /// "PATH:LINE:COLUMN".
    public var description: String { "\(path):\(line):\(column)" }
}
