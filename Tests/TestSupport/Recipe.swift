// SPDX-License-Identifier: Apache-2.0

/// A JSON value of a fixture, read as what the reader expects it to be.
indirect enum Recipe: Decodable {
    case absent
    case flag(Bool)
    case number(Int)
    case text(String)
    case list([Recipe])
    case object([String: Recipe])

    enum Mistake: Error {
        case unexpected(Recipe)
        case unknown(String)
    }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .absent
        } else if let flag = try? value.decode(Bool.self) {  // otherwise another kind of value
            self = .flag(flag)
        } else if let number = try? value.decode(Int.self) {  // as above
            self = .number(number)
        } else if let text = try? value.decode(String.self) {  // as above
            self = .text(text)
        } else if let list = try? value.decode([Recipe].self) {  // as above
            self = .list(list)
        } else {
            self = .object(try value.decode([String: Recipe].self))
        }
    }

    subscript(key: String) -> Recipe {
        guard case .object(let object) = self else { return .absent }
        return object[key] ?? .absent
    }

    func ifPresent<T>(_ read: (Recipe) throws -> T) rethrows -> T? {
        if case .absent = self { return nil }
        return try read(self)
    }

    func flag() throws -> Bool {
        guard case .flag(let flag) = self else { throw Mistake.unexpected(self) }
        return flag
    }

    func number() throws -> Int {
        guard case .number(let number) = self else { throw Mistake.unexpected(self) }
        return number
    }

    func text() throws -> String {
        guard case .text(let text) = self else { throw Mistake.unexpected(self) }
        return text
    }

    func list() throws -> [Recipe] {
        guard case .list(let list) = self else { throw Mistake.unexpected(self) }
        return list
    }

    func object() throws -> [String: Recipe] {
        guard case .object(let object) = self else { throw Mistake.unexpected(self) }
        return object
    }

    /// Permission bits in octal digits.
    func mode() throws -> UInt32 {
        guard let mode = UInt32(try text(), radix: 8) else { throw Mistake.unexpected(self) }
        return mode
    }

    /// Seconds, a point and nine decimals, which count forward whatever the sign.
    func time() throws -> (seconds: Int64, nanoseconds: UInt32) {
        let parts = try text().split(separator: ".")
        guard let seconds = Int64(parts[0]),
            let nanoseconds = parts.count > 1 ? UInt32(parts[1]) : 0
        else { throw Mistake.unexpected(self) }
        return (seconds, nanoseconds)
    }
}

extension InputTree {
    /// Reads an input as the fixture's README describes it.
    init(_ recipe: Recipe) throws {
        var items = try recipe.list()
        var attributes = Recipe.absent
        if case .object? = items.last { attributes = items.removeLast() }
        let word = try items.removeFirst().text()
        switch word {
        case "link":
            self.init(.symlink(target: try items[0].text()))
        case "dir":
            self.init(
                .directory(
                    try items.map { item in
                        let pair = try item.list()
                        return (try pair[0].text(), try InputTree(pair[1]))
                    }))
        case "numbered":
            self = .numbered(
                name: try items[0].text(), text: try items[1].ifPresent { try $0.text() },
                first: try items[2].number(), count: try items[3].number())
        case "names":
            self = .named(
                seed: try items[0].text(), count: try items[1].number(),
                nameByteCount: try items[2].number(), lastNameByteCount: try items[3].number(),
                text: try items[4].text())
        default:
            self.init(.file(try InputContent(word, items)))
        }
        mode = try attributes["mode"].ifPresent { try $0.mode() }
        mtime = try attributes["mtime"].ifPresent { try $0.time() }
    }
}

extension InputContent {
    init(_ word: String, _ items: [Recipe]) throws {
        switch word {
        case "text":
            self = .bytes(Array(try items[0].text().utf8))
        case "fill":
            self = .fill(UInt8(try items[0].number()), count: try items[1].number())
        case "ramp":
            self = .bytes(
                Array(UInt8(try items[0].number())...UInt8(try items[1].number())))
        case "ramps":
            let ramp = Array(UInt8.min...UInt8.max)
            self = .bytes((0..<(try items[0].number())).flatMap { _ in ramp })
        case "chacha":
            self = .chacha(seed: try items[0].text(), count: try items[1].number())
        case "join":
            self = .join(
                try items.map { item in
                    let part = try item.list()
                    return try InputContent(try part[0].text(), Array(part.dropFirst()))
                })
        default: throw Recipe.Mistake.unknown(word)
        }
    }
}
