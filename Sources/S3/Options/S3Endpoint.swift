// SPDX-License-Identifier: Apache-2.0

/// Where an S3 server listens: `https://HOST[:PORT]` or `http://HOST[:PORT]`.
public struct S3Endpoint: Hashable, Sendable {
    /// Whether connections are encrypted.
    public let usesTLS: Bool
    /// A name, an IPv4 address, or an IPv6 address without brackets; in small letters.
    public let host: String
    /// The port; 443 or 80 unless told otherwise.
    public let port: Int

    /// Parses `text`.
    ///
    /// - Throws: ``S3OptionsError`` on `endpoint`.
    public init(_ text: String) throws(S3OptionsError) {
        let lower = text.lowercased()
        let failure = S3OptionsError(
            "endpoint",
            "\"\(text)\" is no endpoint such as https://s3.example.org or "
                + "http://127.0.0.1:8333; the bucket is an option of its own")
        var rest: Substring
        if lower.hasPrefix("https://") {
            (usesTLS, rest) = (true, lower.dropFirst(8))
        } else if lower.hasPrefix("http://") {
            (usesTLS, rest) = (false, lower.dropFirst(7))
        } else {
            throw failure
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        var portText: Substring?
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            let behind = rest[rest.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { throw failure }
            portText = behind.isEmpty ? nil : behind.dropFirst()
            guard host.contains(":"), host.utf8.allSatisfy(Self.isOfAddress) else { throw failure }
        } else {
            let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count) else { throw failure }
            host = String(parts[0])
            portText = parts.count == 2 ? parts[1] : nil
            guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(Self.isOfName) else {
                throw failure
            }
        }
        guard let port = portText.map({ Int($0) }) ?? (usesTLS ? 443 : 80),
            (1...65_535).contains(port)
        else { throw failure }
        self.port = port
    }

    /// Whether nothing sent there leaves this machine.
    public var isLoopback: Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return host == "localhost" || host == "::1"
            || (numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil))
    }

    /// The value of the header `Host` for `name` at this endpoint.
    func authority(_ name: String) -> String {
        let bracketed = name.contains(":") ? "[\(name)]" : name
        return port == (usesTLS ? 443 : 80) ? bracketed : "\(bracketed):\(port)"
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isOfAddress(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}

extension S3Endpoint: CustomStringConvertible {
    /// The endpoint as a URL without a slash at its end.
    public var description: String { (usesTLS ? "https://" : "http://") + authority(host) }
}
