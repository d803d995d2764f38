// SPDX-License-Identifier: Apache-2.0

import Repository
import Testing

/// What is read from YAML, and how mistakes are told.
struct YAMLTests {
    enum Colour: String, CaseIterable { case red, green }

    struct Sample: Hashable, Sendable {
        var name = "none"
        var flag = false
        var count = 1
        var size = 0
        var wait = Duration.zero
        var colour = Colour.red
        var words: [String] = []
        var inner: Inner?
        var share = 0.0
        var parts: [YAMLNamed<Inner>] = []

        struct Inner: Hashable, Sendable {
            var path = ""

            static let yaml = YAMLObject(
                "inner", empty: { Inner() },
                keys: [YAMLKey("path", \.path, .text("a path"), isRequired: true, "Where it is.")])
        }

        static let yaml = YAMLObject("", empty: { Sample() }, keys: keys) {
            sample, node, problems in
            if sample.flag, sample.count == 7 {
                problems.add(node.place, "flag and count 7 exclude each other")
            }
        }

        private static let keys: [YAMLKey<Sample>] = [
            YAMLKey("name", \.name, .text, standard: "none", "A name."),
            YAMLKey("flag", \.flag, .flag, "A flag."),
            YAMLKey("count", \.count, .integer(1...9), "A count."),
            YAMLKey("size", \.size, .size(0...1 << 30), "A size."),
            YAMLKey("wait", \.wait, .duration(.zero ... .seconds(3600)), "A span."),
            YAMLKey("colour", \.colour, .word, "A colour."),
            YAMLKey("words", \.words, YAMLType<String>.text.oneOrMore(), "Words."),
            YAMLKey("inner", optional: \.inner, Inner.yaml.type, "A section."),
            YAMLKey("share", \.share, .share, "A share."),
            YAMLKey("parts", \.parts, Inner.yaml.type.named(), "Parts by name."),
        ]
    }

    private func read(_ text: String) throws -> Sample {
        try Sample.yaml.read(try YAMLParser.parse(text, path: "f.yaml"))
    }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try read(text)
            return []
        } catch let error as YAMLError {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func `every type is read`() throws {
        let sample = try read(
            """
            name: "true"
            flag: true
            count: 9
            size: 256MiB
            wait: 1m30s
            colour: green
            words: one
            inner: {path: /a b}
            share: 12.5%
            parts:
              cold: {path: /x}
              far-away_2: {path: /y}
            """)
        #expect(sample.name == "true" && sample.flag && sample.count == 9)
        #expect(sample.size == 256 << 20 && sample.wait == .seconds(90))
        #expect(sample.colour == .green && sample.words == ["one"])
        #expect(sample.inner?.path == "/a b" && sample.share == 0.125)
        #expect(sample.parts.map(\.name) == ["cold", "far-away_2"])
        #expect(try read("words: [a, 'b c']").words == ["a", "b c"])
    }

    @Test(arguments: [
        ("nam: x", "f.yaml:1:1: unknown key nam; did you mean name?"),
        ("zebra: x", "f.yaml:1:1: unknown key zebra; known are name, flag"),
        ("flag: yes", "f.yaml:1:7: this must be true or false, not \"yes\""),
        ("flag: \"true\"", "f.yaml:1:7: this must be true or false"),
        ("count: 10", "f.yaml:1:8: \"10\" must be a whole number from 1 to 9"),
        ("count: 1.5", "f.yaml:1:8: \"1.5\" must be a whole number"),
        ("count: [1]", "f.yaml:1:8: this must be a whole number from 1 to 9, not a list"),
        ("size: big", "f.yaml:1:7: \"big\" must be a size such as 256MiB"),
        ("size: 2GiB", "f.yaml:1:7: \"2GiB\" is too large; give at most 1GiB"),
        ("wait: 10", "f.yaml:1:7: \"10\" must be a span of time such as 90s"),
        ("wait: 2h", "f.yaml:1:7: \"2h\" must be from 0s to 1h"),
        ("colour: gren", "f.yaml:1:9: \"gren\" must be one of red, green; did you mean green?"),
        ("name: {a: b}", "f.yaml:1:7: this must be a text, not keys and values"),
        ("name:", "f.yaml:1:1: name has no value; give one, or remove the key"),
        ("words: []", "f.yaml:1:8: the list is empty"),
        ("inner: 5", "f.yaml:1:8: inner must hold keys and values, not \"5\"; known keys are path"),
        ("inner: {pth: x}", "f.yaml:1:9: unknown key pth in inner; did you mean path?"),
        ("inner: {}", "f.yaml:1:8: the key path is missing in inner"),
        ("share: 120%", "f.yaml:1:8: \"120%\" must be a share such as 10%"),
        ("parts: {'a b': {path: x}}", "f.yaml:1:9: \"a b\" is no name"),
        ("flag: true\ncount: 7", "f.yaml:1:1: flag and count 7 exclude each other"),
        ("count: 1\ncount: 2", "the key count is given twice; remove one of them"),
        ("words: *.tmp", "put quotes around a value that begins with *"),
        ("name: @daily", "put quotes around a value that begins with *, &, @"),
        ("name: a: b", "put quotes around a value with a colon"),
        ("- a", "f.yaml:1:1: the file must hold keys and values, not a list"),
        ("", "f.yaml:1:1: the file must hold keys and values, not nothing"),
        ("name: x\n---\nname: y", "remove the second `---`"),
    ])
    func `a mistake is named with its place and the remedy`(
        _ text: String, _ expected: String
    ) {
        let found = problems(text)
        #expect(found.first?.contains(expected) == true, "\(found)")
    }

    @Test func `all mistakes of a file are told, in its order`() {
        #expect(
            problems("flag: 1\nnam: x\ninner: {path: [], b: 1}\ncount: 0").map {
                $0.prefix { $0 != " " }
            } == ["f.yaml:1:7:", "f.yaml:2:1:", "f.yaml:3:15:", "f.yaml:3:19:", "f.yaml:4:8:"])
    }

    @Test func `aliases stand for values, and count as many as they stand for`() throws {
        #expect(try read("inner: &a {path: x}\nparts: {one: *a}").parts.map(\.value.path) == ["x"])
        var laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1..<30 {
            let alias = "*a\(level - 1)"
            laughs +=
                "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ","))]\n"
        }
        #expect(problems(laughs).first?.contains("use fewer aliases") == true)
    }

    @Test func `depth, length and encoding have limits`() throws {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(problems("name: \(deep)").first?.contains("nested more than 32") == true)
        let abyss = String(repeating: "[", count: 100_000)
        #expect(problems("name: \(abyss)").count == 1)
        let long = "name: " + String(repeating: "x", count: YAMLParser.byteCountLimit)
        #expect(problems(long).first?.contains("over the limit of 1048576") == true)
    }

    @Test(arguments: [
        ("0", 0), ("90s", 90), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), ("4w", 2_419_200),
        ("1h30m", 5400), ("1m30", nil), ("", nil), ("h", nil), ("-1h", nil), ("9999999999w", nil),
    ])
    func `spans of time are read and written`(_ text: String, _ seconds: Int?) throws {
        #expect(TimeSpan.parse(text) == seconds.map { .seconds($0) })
        if let seconds {
            #expect(TimeSpan.parse(TimeSpan.text(.seconds(seconds))) == .seconds(seconds))
        }
    }

    @Test(arguments: [(0, "0"), (1023, "1023"), (1 << 10, "1KiB"), (3 << 30, "3GiB")])
    func `sizes are written as they are read`(_ byteCount: Int, _ text: String) {
        #expect(ByteSize.text(byteCount) == text)
        #expect(ByteSize.parse(text) == byteCount)
    }

    @Test func `the schema tells what the reader takes`() {
        guard case .object(let properties) = Sample.yaml.schema else {
            Issue.record("no object")
            return
        }
        #expect(properties.count == 10)
        #expect(properties[2].schema == .integer(1...9))
        #expect(properties[5].schema == .word(["red", "green"]))
        #expect(properties[0].standard == "none")
    }
}
