// SPDX-License-Identifier: Apache-2.0

/// All that is wrong with a YAML file.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One mistake.
    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// Where it is.
        public let place: YAMLPlace
        /// What is wrong there, and what to write instead.
        public let message: String

        /// "PATH:LINE:COLUMN: message".
        public var description: String { "\(place): \(message)" }
    }

    /// The mistakes, at least one, in the order of the file.
    public let problems: [Problem]

    /// One mistake.
    public init(_ place: YAMLPlace, _ message: String) {
        problems = [Problem(place: place, message: message)]
    }

    init(_ problems: [Problem]) {
        precondition(!problems.isEmpty, "an error without a problem")
        self.problems = problems.sorted {
            ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column)
        }
    }

    /// The mistakes, one a line.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Takes down mistakes while a file is read, so that the user hears of all of them at once.
public struct YAMLProblems: Sendable {
    /// Mistakes that are kept; nobody reads on.
    private static let limit = 100

    private(set) var list: [YAMLError.Problem] = []

    /// No mistakes yet.
    public init() {}

    /// Whether there are none.
    public var isEmpty: Bool { list.isEmpty }

    /// Adds a mistake.
    public mutating func add(_ place: YAMLPlace, _ message: String) {
        guard list.count < Self.limit else { return }
        list.append(YAMLError.Problem(place: place, message: message))
    }

    /// Throws the mistakes, if there are any.
    public func check() throws(YAMLError) {
        if !list.isEmpty { throw YAMLError(list) }
    }
}
