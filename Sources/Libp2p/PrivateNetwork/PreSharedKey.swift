// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// The key of a private network, in which only who has it can talk.
///
/// Kept in a file such as Kubo's `swarm.key`:
/// ```
/// /key/swarm/psk/1.0.0/
/// /base16/
/// 0123…  (64 hexadecimal digits)
/// ```
/// Spec: <https://github.com/libp2p/specs/blob/master/pnet/Private-Networks-PSK-V1.md>.
public struct PreSharedKey: Hashable, Sendable {
    /// The key's length, in bytes.
    public static let byteCount = 32

    let bytes: [UInt8]

    /// Takes 32 bytes.
    ///
    /// - Throws: ``PreSharedKeyError`` with `length`.
    public init(_ bytes: [UInt8]) throws(PreSharedKeyError) {
        guard bytes.count == Self.byteCount else { throw .length(byteCount: bytes.count) }
        self.bytes = bytes
    }

    /// Parses the text of a key file; the key is in base 16 or base 64.
    ///
    /// - Throws: ``PreSharedKeyError``.
    public init(file text: String) throws(PreSharedKeyError) {
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.first == "/key/swarm/psk/1.0.0/" else { throw .header }
        guard lines.count == 3 else { throw .form }
        let encoding: MultibaseEncoding
        switch lines[1] {
        case "/base16/": encoding = .base16
        case "/base64/": encoding = .base64Pad
        default: throw .encoding
        }
        let bytes: [UInt8]
        do { bytes = try encoding.decode(String(lines[2])) } catch { throw .form }
        try self.init(bytes)
    }

    /// The text of a key file.
    public var file: String {
        "/key/swarm/psk/1.0.0/\n/base16/\n\(MultibaseEncoding.base16.encode(bytes.span))\n"
    }
}

extension PreSharedKey: CustomStringConvertible {
    /// Says what it is, and nothing secret.
    public var description: String { "pre-shared key" }
}

/// Why a file holds no key.
public enum PreSharedKeyError: Error, Hashable, Sendable {
    /// The first line is not that of a version 1 key.
    case header
    /// The second line is neither `/base16/` nor `/base64/`.
    case encoding
    /// There are not three lines, or the third is not in the encoding.
    case form
    /// The key has not 32 bytes.
    case length(byteCount: Int)
}

extension PreSharedKeyError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .header: "a key of a private network starts with /key/swarm/psk/1.0.0/"
        case .encoding: "the key is neither in /base16/ nor in /base64/"
        case .form: "the key file has not the three lines that it must"
        case .length(let byteCount): "a key of a private network has 32 bytes, not \(byteCount)"
        }
    }
}
