// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no such XML.
struct XMLError: Error, Hashable, Sendable, CustomStringConvertible {
    let message: String
    /// Where, in bytes from the start.
    let offset: Int

    var description: String { "\(message) at byte \(offset)" }
}

/// Reads one document, element by element, without recursion.
///
/// The caller bounds the length; depth and number of elements are bounded here, so that memory is
/// within a small multiple of the length.
struct XMLReader {
    /// Deeper documents are refused; S3's have five levels.
    static let depthLimit = 16
    /// Documents of more elements are refused; a page of a list has some 10,000.
    static let elementLimit = 100_000

    private let bytes: [UInt8]
    private var offset = 0
    private var open: [XMLElement] = []
    private var elementCount = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The root element of the document in `bytes`.
    ///
    /// - Throws: ``XMLError``.
    static func root(of bytes: [UInt8]) throws(XMLError) -> XMLElement {
        var reader = XMLReader(bytes)
        return try reader.read()
    }

    private mutating func read() throws(XMLError) -> XMLElement {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        while true {
            try readText()
            guard offset < bytes.count else { throw failure("the document ends in an element") }
            if skip("<!--") {
                try skipPast("-->")
            } else if skip("<?") {
                try skipPast("?>")
            } else if skip("<![CDATA[") {
                try readCharacterData()
            } else if skip("<!") {
                throw failure("a document type is not allowed")
            } else if skip("</") {
                if let root = try readEndTag() { return root }
            } else if let root = try readStartTag() {
                return root
            }
        }
    }

    private mutating func readText() throws(XMLError) {
        let start = offset
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "<") { offset += 1 }
        guard offset > start else { return }
        if open.isEmpty {
            guard bytes[start..<offset].allSatisfy(\.isBlank) else {
                throw XMLError(message: "text outside of the root element", offset: start)
            }
        } else {
            open[open.count - 1].text += try decoded(bytes[start..<offset])
        }
    }

    private mutating func readCharacterData() throws(XMLError) {
        guard !open.isEmpty else { throw failure("text outside of the root element") }
        let start = offset
        try skipPast("]]>")
        open[open.count - 1].text += String(decoding: bytes[start..<(offset - 3)], as: UTF8.self)
    }

    /// Reads a start tag behind its `<`; the root element, if this was the whole of it.
    private mutating func readStartTag() throws(XMLError) -> XMLElement? {
        offset += 1
        let name = try readName()
        elementCount += 1
        guard elementCount <= Self.elementLimit else { throw failure("too many elements") }
        guard open.count < Self.depthLimit else { throw failure("elements nest too deep") }
        open.append(XMLElement(name: name))
        var quote: UInt8?
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if let mark = quote {
                if byte == mark { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "<") {
                break
            } else if byte == UInt8(ascii: ">") {
                return bytes[offset - 2] == UInt8(ascii: "/") ? close() : nil
            }
        }
        throw failure("a tag has no end")
    }

    private mutating func readEndTag() throws(XMLError) -> XMLElement? {
        let start = offset
        let name = try readName()
        while offset < bytes.count, bytes[offset].isBlank { offset += 1 }
        guard skip(">"), let current = open.last, current.name == name else {
            throw XMLError(message: "an end tag that fits no start tag", offset: start)
        }
        return close()
    }

    /// Ends the innermost element; returns it if it was the root.
    private mutating func close() -> XMLElement? {
        let element = open.removeLast()
        if open.isEmpty { return element }
        open[open.count - 1].children.append(element)
        return nil
    }

    private mutating func readName() throws(XMLError) -> String {
        let start = offset
        while offset < bytes.count, !bytes[offset].isBlank, bytes[offset] != UInt8(ascii: ">"),
            bytes[offset] != UInt8(ascii: "/"), bytes[offset] != UInt8(ascii: "<")
        { offset += 1 }
        let name = bytes[start..<offset]
        guard !name.isEmpty, name.count <= 100 else { throw failure("no name of an element") }
        let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
        return String(decoding: local, as: UTF8.self)
    }

    private func decoded(_ slice: ArraySlice<UInt8>) throws(XMLError) -> String {
        guard slice.contains(UInt8(ascii: "&")) else {
            return String(decoding: slice, as: UTF8.self)
        }
        var text: [UInt8] = []
        var place = slice.startIndex
        while place < slice.endIndex {
            guard slice[place] == UInt8(ascii: "&") else {
                text.append(slice[place])
                place += 1
                continue
            }
            // No entity that is known has more than ten characters.
            let window = slice[(place + 1)..<min(place + 12, slice.endIndex)]
            guard let end = window.firstIndex(of: UInt8(ascii: ";")),
                let character = Self.character(
                    String(decoding: slice[(place + 1)..<end], as: UTF8.self))
            else { throw XMLError(message: "an unknown entity", offset: place) }
            text += Array(String(character).utf8)
            place = end + 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func character(_ entity: String) -> Character? {
        switch entity {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        guard entity.hasPrefix("#") else { return nil }
        let digits = entity.dropFirst()
        let value =
            digits.hasPrefix("x")
            ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits, radix: 10)
        return value.flatMap { UnicodeScalar($0) }.map { Character($0) }
    }

    private mutating func skip(_ text: String) -> Bool {
        guard bytes[offset...].starts(with: text.utf8) else { return false }
        offset += text.utf8.count
        return true
    }

    private mutating func skipPast(_ text: String) throws(XMLError) {
        while offset < bytes.count {
            if skip(text) { return }
            offset += 1
        }
        throw failure("the document ends before \(text)")
    }

    private func failure(_ message: String) -> XMLError {
        XMLError(message: message, offset: offset)
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
