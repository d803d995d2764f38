// SPDX-License-Identifier: Apache-2.0

/// What a ``YAMLType`` takes, for a JSON Schema and for help.
public indirect enum YAMLSchema: Hashable, Sendable {
    /// A text; a regular expression that it matches, if there is one, and examples.
    case text(pattern: String?, examples: [String])
    /// One of these words.
    case word([String])
    /// `true` or `false`.
    case flag
    /// A whole number.
    case integer(ClosedRange<Int>)
    /// A number.
    case number(ClosedRange<Double>)
    /// A list; how many items at least.
    case list(YAMLSchema, least: Int)
    /// Keys that are known.
    case object([Property])
    /// Keys of the user's own; the expression that they match.
    case named(YAMLSchema, pattern: String)
    /// Any of these.
    case any([YAMLSchema])

    /// A key of an object.
    public struct Property: Hashable, Sendable {
        /// The key.
        public let name: String
        /// What it means, a sentence.
        public let summary: String
        /// What holds without it, as it would be written; nil if nothing does.
        public let standard: String?
        /// Whether it must be there.
        public let isRequired: Bool
        /// What it takes.
        public let schema: YAMLSchema
    }
}
