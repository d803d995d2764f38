// SPDX-License-Identifier: Apache-2.0

/// The texts of IP addresses: dotted decimals, and RFC 4291 read, RFC 5952 written.
enum IPText {
    /// A decimal number up to `limit`, in digits only, without leading zeros.
    static func number(_ text: Substring, upTo limit: UInt64) -> UInt64? {
        let digits = text.utf8
        guard !digits.isEmpty, digits.count <= 20, digits.allSatisfy({ 0x30...0x39 ~= $0 }),
            digits.count == 1 || digits.first != 0x30, let value = UInt64(text), value <= limit
        else { return nil }
        return value
    }

    /// The 4 bytes of an IPv4 address.
    static func parseIP4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { number($0, upTo: 255).map { UInt8($0) } }
        return bytes.count == 4 ? bytes : nil
    }

    /// The 16 bytes of an IPv6 address, without a zone.
    static func parseIP6(_ text: Substring) -> [UInt8]? {
        guard text.utf8.count <= 45 else { return nil }
        let gap = text.firstRange(of: "::")
        guard let gap else {
            let bytes = parseGroups(text, mayBeEmpty: false)
            return bytes?.count == 16 ? bytes : nil
        }
        guard let head = parseGroups(text[..<gap.lowerBound], mayBeEmpty: true),
            let tail = parseGroups(text[gap.upperBound...], mayBeEmpty: true),
            // A gap stands for at least one group; dotted decimals come last only.
            head.count + tail.count <= 14, !text[..<gap.lowerBound].contains(".")
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// Groups of up to four hexadecimal digits; the last may be dotted decimals.
    private static func parseGroups(_ text: Substring, mayBeEmpty: Bool) -> [UInt8]? {
        guard !text.isEmpty else { return mayBeEmpty ? [] : nil }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, group) in groups.enumerated() {
            if index == groups.count - 1, group.contains(".") {
                guard let last = parseIP4(group) else { return nil }
                bytes += last
                continue
            }
            guard 1...4 ~= group.utf8.count, group.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                let value = UInt16(group, radix: 16)
            else { return nil }
            bytes += [UInt8](bigEndian: value)
        }
        return bytes
    }

    /// Dotted decimals of 4 bytes.
    static func ip4(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { String($0) }.joined(separator: ".")
    }

    /// The canonical text of 16 bytes: lowercase, the longest run of two or more zero groups as
    /// `::`, an IPv4 address in IPv6 with dots.
    static func ip6(_ bytes: ArraySlice<UInt8>) -> String {
        if isMappedIP4(bytes) { return "::ffff:" + ip4(bytes.suffix(4)) }
        let bytes = Array(bytes)
        let groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > longest.count { longest = start..<index }
            start = index + 1
        }
        func text(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard longest.count > 1 else { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }

    /// Whether 16 bytes are an IPv4 address in IPv6, `::ffff:0:0/96`.
    static func isMappedIP4(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
    }
}
