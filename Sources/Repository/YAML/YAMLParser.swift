// SPDX-License-Identifier: Apache-2.0

import FileIO
import Yams

/// Reads YAML files, within limits.
///
/// Aliases count as what they stand for, so a small file cannot become a large value.
public enum YAMLParser {
    /// The longest file, in bytes: a guess far above any use.
    public static let byteCountLimit = 1 << 20
    /// How deep lists and mappings may be nested.
    public static let depthLimit = 32
    /// Values in a file, aliases expanded.
    public static let nodeCountLimit = 50_000

    /// Reads the file at `path`; blocks.
    ///
    /// - Throws: `IOError` if it cannot be read, ``YAMLError`` otherwise.
    public static func load(_ path: String) throws -> YAMLNode {
        let file = try File(path, .read)
        let status = try file.status()
        let start = YAMLPlace(path: path, line: 1, column: 1)
        guard status.kind == .regular else {
            throw YAMLError(start, "this is no file; name a YAML file")
        }
        guard status.byteCount <= Int64(byteCountLimit) else {
            throw YAMLError(start, tooLong(Int(status.byteCount)))
        }
        let bytes = try file.readExactly(Int(status.byteCount), at: 0)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw YAMLError(start, "this is no UTF-8 text; save the file as UTF-8")
        }
        return try parse(text, path: path)
    }

    /// Parses `text`, which messages say to be from `path`.
    ///
    /// - Throws: ``YAMLError``: bad syntax, several documents, a key given twice, or a limit.
    public static func parse(_ text: String, path: String) throws(YAMLError) -> YAMLNode {
        let start = YAMLPlace(path: path, line: 1, column: 1)
        guard text.utf8.count <= byteCountLimit else {
            throw YAMLError(start, tooLong(text.utf8.count))
        }
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch let error as YamlError {
            throw YAMLError(error, path: path)
        } catch {
            throw YAMLError(start, "this is no valid YAML: \(error)")
        }
        guard let root else { return YAMLNode(.nothing, at: start) }
        var converter = Converter(path: path)
        return try converter.convert(root, depth: 0)
    }

    private static func tooLong(_ byteCount: Int) -> String {
        "the file is \(byteCount) bytes long, over the limit of \(byteCountLimit)"
    }
}

/// Turns the library's nodes into ours, and counts them.
private struct Converter {
    let path: String
    var count = 0

    mutating func convert(_ node: Node, depth: Int) throws(YAMLError) -> YAMLNode {
        let place = place(node.mark)
        count += 1
        guard count <= YAMLParser.nodeCountLimit else {
            throw YAMLError(
                place,
                "the file has more than \(YAMLParser.nodeCountLimit) values, with all aliases expanded; use fewer aliases"
            )
        }
        guard depth <= YAMLParser.depthLimit else {
            throw YAMLError(
                place, "values are nested more than \(YAMLParser.depthLimit) levels deep")
        }
        switch node {
        case .scalar(let scalar):
            let isQuoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
            if !isQuoted, ["", "~", "null", "Null", "NULL"].contains(scalar.string) {
                return YAMLNode(.nothing, at: place)
            }
            return YAMLNode(.scalar(scalar.string, isQuoted: isQuoted), at: place)
        case .sequence(let items):
            var list: [YAMLNode] = []
            for item in items { list.append(try convert(item, depth: depth + 1)) }
            return YAMLNode(.list(list), at: place)
        case .mapping(let pairs):
            var entries: [YAMLNode.Entry] = []
            for (key, value) in pairs {
                let keyPlace = self.place(key.mark)
                guard case .scalar(let name) = key else {
                    throw YAMLError(keyPlace, "a key must be a word")
                }
                let converted = try convert(value, depth: depth + 1)
                entries.append(
                    YAMLNode.Entry(key: name.string, place: keyPlace, value: converted))
            }
            return YAMLNode(.mapping(entries), at: place)
        case .alias:
            throw YAMLError(place, "an alias to nothing")
        }
    }

    private func place(_ mark: Mark?) -> YAMLPlace {
        YAMLPlace(path: path, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }
}

extension YAMLError {
    /// What the library found wrong, with a hint where its words need one.
    fileprivate init(_ error: YamlError, path: String) {
        func place(_ mark: Mark) -> YAMLPlace {
            YAMLPlace(path: path, line: mark.line, column: mark.column)
        }
        let start = YAMLPlace(path: path, line: 1, column: 1)
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(place(mark), "this is no valid YAML: \(problem)\(Self.hint(problem))")
        case .duplicatedKeysInMapping(let names, let context):
            self.init(
                place(context.mark),
                "the key \(names.joined(separator: ", ")) is given twice; remove one of them")
        case .reader(let problem, _, _, _):
            self.init(start, "this is no valid YAML: \(problem)")
        default:
            self.init(start, "this is no valid YAML: \(error)")
        }
    }

    private static func hint(_ problem: String) -> String {
        if problem.contains("undefined alias") || problem.contains("cannot start any token")
            || problem.contains("while scanning an alias")
            || problem.contains("alphabetic or numeric character")
        {
            return "; put quotes around a value that begins with *, &, @, % or !"
        }
        if problem.contains("mapping values are not allowed") {
            return "; put quotes around a value with a colon in it, and check the indentation"
        }
        if problem.contains("another document") { return "; remove the second `---`" }
        return ""
    }
}
