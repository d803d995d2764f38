// SPDX-License-Identifier: Apache-2.0

extension AddressScheme {
    /// The value that `text` stands for; nil if it is none.
    func parse(_ text: Substring) -> [UInt8]? {
        switch value {
        case .nothing: nil
        case .ip4: IPText.parseIP4(text)
        case .ip6: IPText.parseIP6(text)
        case .number: parseNumber(text)
        case .name, .path: Array(text.utf8)
        case .peerID: try? PeerID(text: String(text)).bytes  // the caller names the component
        case .multihash: try? Multibase.decode(String(text)).bytes  // the same here
        case .escaped: Self.unescape(text)
        case .onion: parseOnion(text)
        case .garlic64:
            // The same here.
            try? MultibaseEncoding.base64Pad.decode(
                String(text.map { $0 == "-" ? "+" : $0 == "~" ? "/" : $0 }))
        case .garlic32: try? MultibaseEncoding.base32.decode(text.lowercased())  // and here
        }
    }

    /// The text of a valid value.
    func text(_ bytes: ArraySlice<UInt8>) -> String {
        switch value {
        case .nothing: return ""
        case .ip4: return IPText.ip4(bytes)
        case .ip6: return IPText.ip6(bytes)
        case .number: return String(bytes.bigEndianValue)
        case .name, .path: return String(decoding: bytes, as: UTF8.self)
        case .peerID: return MultibaseEncoding.base58btc.encode(Array(bytes).span)
        case .multihash: return Multibase.encode(Array(bytes).span, in: .base64URL)
        case .escaped: return Self.escape(bytes)
        case .onion:
            let host = MultibaseEncoding.base32.encode(Array(bytes.dropLast(2)).span)
            return "\(host):\(bytes.suffix(2).bigEndianValue)"
        case .garlic64:
            let text = MultibaseEncoding.base64Pad.encode(Array(bytes).span)
            return String(text.map { $0 == "+" ? "-" : $0 == "/" ? "~" : $0 })
        case .garlic32: return MultibaseEncoding.base32.encode(Array(bytes).span)
        }
    }

    private func parseNumber(_ text: Substring) -> [UInt8]? {
        guard case .fixed(let byteCount) = layout,
            let number = IPText.number(text, upTo: .max >> UInt64(64 - 8 * byteCount))
        else { return nil }
        return [UInt8](bigEndian: number).suffix(byteCount)
    }

    private func parseOnion(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, case .fixed(let byteCount) = layout,
            let port = IPText.number(parts[1], upTo: 0xffff),
            // Why the host is no base 32 is of no interest.
            let host = try? MultibaseEncoding.base32.decode(String(parts[0])),
            host.count == byteCount - 2
        else { return nil }
        return host + [UInt8](bigEndian: UInt16(port))
    }

    /// Resolves `%2F` and the like; nil if a `%` stands alone.
    private static func unescape(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2,
                digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let value = UInt8(String(Substring(digits)), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// Escapes what cannot stand in one segment of a path.
    private static func escape(_ bytes: ArraySlice<UInt8>) -> String {
        let plain = Set("-_.~$&+=:@".utf8)
        var text = ""
        for byte in bytes {
            let scalar = Unicode.Scalar(byte)
            let isAlphanumeric =
                scalar.isASCII
                && (scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal)
            if isAlphanumeric || plain.contains(byte) {
                text.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += (digits.count == 1 ? "%0" : "%") + digits
            }
        }
        return text
    }
}
