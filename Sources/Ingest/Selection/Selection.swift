// SPDX-License-Identifier: Apache-2.0

/// Which entries of a source are ingested.
///
/// Follows a walk: ``enter(_:name:)`` on going into a directory, ``leave()`` on coming out,
/// ``decision(name:isDirectory:)`` for each entry in between. In this order:
/// 1. A name that starts with "." is skipped, unless hidden entries are wanted. No pattern
///    changes that.
/// 2. The patterns of the command line, relative to the source. `--include` goes before
///    `--exclude`; otherwise the last that matches decides.
/// 3. The ignore files of the directories above, the nearest first; in each the last pattern that
///    matches decides.
/// 4. If there are `--include` patterns only, what none of them names is skipped; a directory
///    that one names is taken whole, and others are searched. With an `--exclude` beside it,
///    `--include` only takes back what that excludes.
///
/// Patterns have the syntax of `gitignore(5)`. Nothing below a skipped directory is looked at, so
/// nothing there can be taken back in. The source itself is never skipped.
public struct Selection: Sendable {
    /// What to do with an entry.
    public enum Decision: Hashable, Sendable {
        /// Take it.
        case keep
        /// Search the directory; it was not asked for itself, so without content it is left out.
        case search
        /// Leave it out.
        case skip(Reason)
    }

    /// Why an entry is left out.
    public enum Reason: Hashable, Sendable {
        /// Its name starts with ".".
        case hidden
        /// An `--exclude` pattern names it.
        case excluded
        /// A pattern of an ignore file names it.
        case ignored
        /// There are only `--include` patterns, and none names it.
        case notIncluded
    }

    /// The name of ignore files.
    public static let ignoreFileName = Array(".cairnignore".utf8)

    /// Whether names that start with "." are taken.
    public let includesHidden: Bool
    /// Whether ignore files apply.
    ///
    /// Default: true.
    public var readsIgnoreFiles = true

    private let excludes: IgnoreRules
    private let includes: IgnoreRules

    /// A directory on the way from the source to here.
    private struct Level {
        /// How much of ``path`` leads to it, with a "/" at the end.
        let pathByteCount: Int
        /// The rules of its ignore file; nil if it has none.
        let rules: IgnoreRules?
        /// Whether an `--include` pattern names it or a directory above it.
        let isIncluded: Bool
    }

    private var levels: [Level] = []
    /// Indices of the levels that have rules.
    private var ruleLevels: [Int] = []
    /// From the source to the innermost directory, each name with a "/" behind it.
    private var path: [UInt8] = []

    /// Makes a selection outside of any directory.
    ///
    /// - Throws: ``IgnoreRulesError`` for an empty, negated or overlong pattern.
    public init(
        includesHidden: Bool = false, excluding: [String] = [], including: [String] = []
    ) throws(IgnoreRulesError) {
        self.init(includesHidden: includesHidden, IgnoreRules(), IgnoreRules())
        var excludes = IgnoreRules()
        for pattern in excluding { try excludes.append(argument: pattern) }
        var includes = IgnoreRules()
        for pattern in including { try includes.append(argument: pattern) }
        self.init(includesHidden: includesHidden, excludes, includes)
    }

    private init(includesHidden: Bool, _ excludes: IgnoreRules, _ includes: IgnoreRules) {
        self.includesHidden = includesHidden
        self.excludes = excludes
        self.includes = includes
    }

    /// Takes everything but hidden entries and what ignore files name.
    public static let standard = Selection(
        includesHidden: false, IgnoreRules(), IgnoreRules())

    /// Whether at this point every entry is kept whose name does not start with ".".
    public var isTrivial: Bool {
        ruleLevels.isEmpty && excludes.isEmpty && includes.isEmpty
    }

    /// What to do with the entry `name` of the innermost directory.
    ///
    /// A symbolic link is no directory unless it is followed.
    /// - Complexity: O(patterns × path length) at most; does not allocate.
    public mutating func decision(name: [UInt8], isDirectory: Bool) -> Decision {
        if !includesHidden, name.first == UInt8(ascii: ".") { return .skip(.hidden) }
        if isTrivial { return .keep }
        let nameOffset = path.count
        path.append(contentsOf: name)
        defer { path.removeLast(name.count) }
        if isMatch(includes, nameOffset, isDirectory) { return .keep }
        if isMatch(excludes, nameOffset, isDirectory) { return .skip(.excluded) }
        if isIgnored(nameOffset, isDirectory) { return .skip(.ignored) }
        guard takesOnlyIncluded, levels.last?.isIncluded != true else { return .keep }
        return isDirectory ? .search : .skip(.notIncluded)
    }

    /// Goes into the directory `name`, or into the source if that is nil, under its own `rules`.
    public mutating func enter(name: [UInt8]?, rules: IgnoreRules?) {
        var isIncluded = levels.last?.isIncluded ?? false
        if let name {
            let nameOffset = path.count
            path.append(contentsOf: name)
            isIncluded = isIncluded || isMatch(includes, nameOffset, true)
            path.append(UInt8(ascii: "/"))
        }
        if let rules, !rules.isEmpty { ruleLevels.append(levels.count) }
        levels.append(
            Level(pathByteCount: path.count, rules: rules, isIncluded: isIncluded))
    }

    /// Comes out of the innermost directory; its rules end.
    public mutating func leave() {
        levels.removeLast()
        if ruleLevels.last == levels.count { ruleLevels.removeLast() }
        path.removeLast(path.count - (levels.last?.pathByteCount ?? 0))
    }

    private var takesOnlyIncluded: Bool { excludes.isEmpty && !includes.isEmpty }

    private func isMatch(_ rules: IgnoreRules, _ nameOffset: Int, _ isDirectory: Bool) -> Bool {
        if rules.isEmpty { return false }
        return rules.verdict(path.span, nameOffset: nameOffset, isDirectory: isDirectory) == true
    }

    /// Whether the ignore files above say so; the nearest that has an answer is asked.
    private func isIgnored(_ nameOffset: Int, _ isDirectory: Bool) -> Bool {
        for index in ruleLevels.reversed() {
            let base = levels[index].pathByteCount
            let verdict = levels[index].rules?.verdict(
                path.span.extracting(base...), nameOffset: nameOffset - base,
                isDirectory: isDirectory)
            if let verdict { return verdict }
        }
        return false
    }
}
