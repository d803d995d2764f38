// SPDX-License-Identifier: Apache-2.0

extension Multiaddr: CustomStringConvertible {
    /// Parses the text form: protocols and values, each behind a `/`.
    ///
    /// A `/` at the end is ignored.
    ///
    /// - Throws: ``MultiaddrError`` with offsets of UTF-8 bytes in `text`.
    public init(text: String) throws(MultiaddrError) {
        let byteCount = text.utf8.count
        guard byteCount <= Self.maximumTextByteCount else { throw .tooLong(byteCount: byteCount) }
        guard byteCount > 0 else { throw .empty }
        guard text.utf8.first == UInt8(ascii: "/") else { throw .noLeadingSlash }
        var end = text.utf8.endIndex
        while end > text.startIndex, text.utf8[text.utf8.index(before: end)] == UInt8(ascii: "/") {
            end = text.utf8.index(before: end)
        }
        var rest = text[..<end].utf8[...]
        func offset(of index: String.Index) -> Int {
            text.utf8.distance(from: text.startIndex, to: index)
        }
        var bytes: [UInt8] = []
        while !rest.isEmpty {
            rest = rest.dropFirst()  // the slash
            let start = rest.startIndex
            let name = rest.prefix { $0 != UInt8(ascii: "/") }
            rest = rest[name.endIndex...]
            guard let scheme = AddressScheme.byName[String(Substring(name))] else {
                throw .unknownName(offset: offset(of: start))
            }
            Varint.append(scheme.code, to: &bytes)
            if case .none = scheme.layout { continue }
            guard !rest.isEmpty else { throw .missingValue(offset: offset(of: start)) }
            let valueText =
                scheme.isTerminal
                ? rest : rest.dropFirst().prefix { $0 != UInt8(ascii: "/") }
            rest = rest[valueText.endIndex...]
            guard let value = scheme.parse(Substring(valueText)), scheme.isValid(value[...]) else {
                throw .invalidValue(offset: offset(of: start))
            }
            if case .variable = scheme.layout { Varint.append(UInt64(value.count), to: &bytes) }
            bytes += value
        }
        try self.init(bytes)
    }

    /// The text form.
    public var description: String {
        var text = ""
        forEachPart { part in
            text += "/" + part.scheme.name
            switch part.scheme.layout {
            case .none: break
            case _ where part.scheme.isTerminal: text += part.scheme.text(bytes[part.value])
            default: text += "/" + part.scheme.text(bytes[part.value])
            }
            return true
        }
        return text
    }
}
